//! Cold starts: from `exec` to the first poll of the Runtime API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use crate::run::{Trouble, built, cargo, root, succeed};

const FUNCTIONS: [&str; 9] =
    ["connect", "message", "disconnect", "auth", "api", "publish", "fanout", "worker", "bridge"];
/// How long a start may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a function's starts came to.
pub(crate) struct Cold {
    pub(crate) name: &'static str,
    pub(crate) median_ms: f64,
    pub(crate) most_ms: f64,
    pub(crate) megabytes: f64,
}

/// Builds the functions as they are deployed, and starts each so often.
pub(crate) fn measure(starts: usize) -> Result<Vec<Cold>, Trouble> {
    let mut build = cargo();
    // There is how they are built for Lambda.
    build.current_dir(root().join("functions")).args(["build", "--release"]);
    for name in FUNCTIONS {
        build.args(["--package", &format!("{name}-function")]);
    }
    succeed(&mut build)?;
    let (told, polls) = channel();
    let address = aws(told).map_err(|e| Trouble::of("the loopback services", e))?;
    FUNCTIONS.into_iter().map(|name| of(name, starts, address, &polls)).collect()
}

fn of(
    name: &'static str,
    starts: usize,
    address: SocketAddr,
    polls: &Receiver<Instant>,
) -> Result<Cold, Trouble> {
    let binary = built("release", name)?;
    let size = std::fs::metadata(&binary).map_err(|e| Trouble::of("the binary", e))?.len();
    let mut times = Vec::new();
    for _ in 0..starts {
        let began = Instant::now();
        let mut function = command(&binary, name, address);
        let mut function = function.spawn().map_err(|e| Trouble::of(name, e))?;
        let polled = polls.recv_timeout(PATIENCE);
        let _ = function.kill();
        let _ = function.wait();
        let polled = polled.map_err(|_| Trouble(format!("{name} never polled")))?;
        times.push(polled.duration_since(began).as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    let (median_ms, most_ms) = (times[starts / 2], times[starts - 1]);
    Ok(Cold { name, median_ms, most_ms, megabytes: size as f64 / 1e6 })
}

fn command(binary: &std::path::Path, name: &str, address: SocketAddr) -> Command {
    let url = format!("http://{address}");
    let mut command = Command::new(binary);
    command.env_clear().stdout(Stdio::null()).stderr(Stdio::inherit());
    for (name, value) in [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "bench"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("AWS_SESSION_TOKEN", super::TOKEN),
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_RUNTIME_API", &address.to_string()),
        ("AWS_ENDPOINT_URL_DYNAMODB", &url),
        ("WS_ENDPOINT", &format!("{url}/prod")),
        ("QUEUE_URL", &url),
        ("PUSHER_APP_ID", "1"),
        ("PUSHER_KEY", "key"),
        ("PUSHER_SECRET", "secret"),
        ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
        ("ACCOUNTS_KEY", &"00".repeat(32)),
    ] {
        command.env(name, value);
    }
    command
}

/// Services that know nothing: tables are empty, and an event never comes. Tells of each poll.
fn aws(told: Sender<Instant>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let told = told.clone();
            std::thread::spawn(move || serve(stream, &told));
        }
    });
    Ok(address)
}

fn serve(stream: TcpStream, told: &Sender<Instant>) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut first) = (0, String::new());
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        if first.contains("/runtime/invocation/next") {
            let _ = told.send(Instant::now());
            continue;
        }
        const EMPTY: &str = r#"{"Count":0,"Items":[],"ScannedCount":0}"#;
        let size = EMPTY.len();
        write!(
            writer,
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {size}\r\n\r\n{EMPTY}"
        )?;
    }
}
