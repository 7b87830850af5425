//! `cargo lambda invoke` with every file of `events/`, on the functions and AWS emulated around them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::aws::Tools;
use crate::functions::CALLS;
use crate::run::{Trouble, built, target};
use crate::tally::Tally;

/// Each event and what its function answers: where in the answer, and what stands there.
const ANSWERS: [(&str, &str, &str); 13] = [
    ("connect", "/statusCode", "200"),
    ("message", "/statusCode", "200"),
    ("message-ping", "/statusCode", "200"),
    ("disconnect", "/statusCode", "200"),
    ("auth", "/statusCode", "200"),
    ("auth-user", "/statusCode", "200"),
    // The request was signed when the file was made; signatures are good for ten minutes.
    ("api", "/statusCode", "401"),
    ("api-posts", "/statusCode", "200"),
    ("bridge", "/published", "1"),
    ("fanout", "/posted", "2"),
    ("publish", "/failed", "0"),
    ("worker", "/batchItemFailures", "[]"),
    ("worker-hook", "/batchItemFailures", "[]"),
];
/// What the events were made with.
const CREDENTIALS: [(&str, &str); 4] = [
    ("PUSHER_APP_ID", "1001"),
    ("PUSHER_KEY", "pushbridge"),
    ("PUSHER_SECRET", "secret-of-events"),
    ("JWT_SECRET", "the secret of events, which is none"),
];
/// How long anything may take to begin or to answer, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Programs that end with this.
#[derive(Default)]
struct Running(Vec<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Invokes all.
///
/// # Errors
/// When something cannot be started.
pub(crate) fn run(tools: &Tools) -> Result<Tally, Trouble> {
    let scratch = tempfile::tempdir().map_err(|e| Trouble::of("cannot make a folder", e))?;
    let mut running = Running::default();
    let mut server = Command::new(built("debug", "pushbridge")?);
    server.args(["serve", "--listen", "127.0.0.1:0", "--functions", "lambda"]);
    server.arg("--functions-from").arg(built("debug", "")?).arg("--data").arg(scratch.path());
    server.envs(CREDENTIALS).env("PUSHBRIDGE_CALLS", target()?.join(CALLS));
    let mut server = started(server.stdout(Stdio::piped()))?;
    let output = server.stdout.take();
    running.0.push(server);
    let aws = output.and_then(controls).ok_or_else(|| Trouble("no emulated AWS began".into()))?;
    let variables: BTreeMap<String, String> =
        serde_json::from_str(&get(aws, "/_emulated/variables")?)
            .map_err(|e| Trouble::of("the functions' variables cannot be read", e))?;
    let runtime = watch(tools, &mut running)?;
    let (mut tally, mut begun) = (Tally::default(), BTreeSet::new());
    for (event, at, expected) in ANSWERS {
        let function = event.split('-').next().unwrap_or(event);
        if begun.insert(function) {
            running.0.push(begin(function, runtime, &variables)?);
        }
        match invoke(tools, function, event, runtime) {
            Ok(answer) if answer.pointer(at).is_some_and(|it| format!("{it}") == expected) => {
                println!("ok {event}");
                tally.passed += 1;
            }
            other => {
                println!("FAILED: events/{event}.json: expected {expected} at {at}, got {other:?}");
                tally.failed += 1;
            }
        }
    }
    Ok(tally)
}

fn started(command: &mut Command) -> Result<Child, Trouble> {
    let name = command.get_program().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .spawn()
        .map_err(|e| Trouble::of(&format!("cannot start {name}"), e))
}

/// Where the emulated AWS is: the last address that the server says.
fn controls(output: ChildStdout) -> Option<SocketAddr> {
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let line = lines.find(|line| line.contains("controls: http://"))?;
    // The rest is read and dropped, so that the server never waits for it.
    std::thread::spawn(move || lines.for_each(drop));
    line.rsplit("http://").next()?.parse().ok()
}

fn get(from: SocketAddr, path: &str) -> Result<String, Trouble> {
    let failed = |e: std::io::Error| Trouble::of("the emulated AWS does not answer", e);
    let mut stream = TcpStream::connect(from).map_err(failed)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {from}\r\nConnection: close\r\n\r\n")
        .map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok(body.to_owned())
}

/// Starts `cargo lambda watch` for functions that are there already.
fn watch(tools: &Tools, running: &mut Running) -> Result<SocketAddr, Trouble> {
    // It takes no port 0. The port is free now, and most likely a moment later.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
    let address = free.map_err(|e| Trouble::of("no port is free", e))?;
    let mut watch = tools.tool("cargo-lambda");
    watch.args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1"]);
    watch.args(["--invoke-port", &address.port().to_string()]).stdout(Stdio::null());
    running.0.push(started(&mut watch)?);
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        if Instant::now() > until {
            return Err(Trouble("`cargo lambda watch` does not listen".into()));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(address)
}

/// Starts a function as Lambda would.
fn begin(
    function: &str,
    runtime: SocketAddr,
    variables: &BTreeMap<String, String>,
) -> Result<Child, Trouble> {
    let mut command = Command::new(built("debug", function)?);
    command.envs(variables).stdout(Stdio::null());
    command.env("AWS_LAMBDA_RUNTIME_API", format!("http://{runtime}/.rt/{function}"));
    command.envs([
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", function),
        ("AWS_LAMBDA_LOG_STREAM_NAME", function),
    ]);
    // What the emulation takes; nothing else does.
    command.envs([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", &format!("EMULATED-{function}-0")),
        ("AWS_SECRET_ACCESS_KEY", "emulated-secret-access-key"),
        ("AWS_SESSION_TOKEN", "emulated-session-token"),
    ]);
    started(&mut command)
}

/// What the function answers. Whoever does not answer in time is given up.
fn invoke(
    tools: &Tools,
    function: &str,
    event: &str,
    runtime: SocketAddr,
) -> Result<Value, Trouble> {
    let mut invoke = tools.tool("cargo-lambda");
    invoke.args(["lambda", "invoke", function, "--data-file", &format!("events/{event}.json")]);
    invoke.args(["--invoke-address", "127.0.0.1", "--invoke-port", &runtime.port().to_string()]);
    let failed = |e: std::io::Error| Trouble::of("`cargo lambda invoke` failed", e);
    let mut child = started(invoke.stdout(Stdio::piped()))?;
    let until = Instant::now() + PATIENCE;
    while child.try_wait().map_err(failed)?.is_none() {
        if Instant::now() > until {
            let _ = child.kill();
            return Err(Trouble(format!("{function} does not answer")));
        }
        std::thread::sleep(PAUSE);
    }
    let output = child.wait_with_output().map_err(failed)?;
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).map_err(|_| Trouble(format!("{function} answered {text:?}")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::run::root;

    #[test]
    fn every_event_has_an_answer_that_is_expected() {
        let files = fs::read_dir(root().join("events")).unwrap().map(|it| it.unwrap().path());
        let files: BTreeSet<_> =
            files.map(|it| it.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        assert_eq!(files, ANSWERS.map(|(event, ..)| event.to_owned()).into());
        for (_, _, expected) in ANSWERS {
            assert!(!serde_json::from_str::<Value>(expected).unwrap().is_null());
        }
    }
}
