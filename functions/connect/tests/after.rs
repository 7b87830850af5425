//! The greeting: after the answer of `$connect` and before the next poll, and again while the gateway says 410.
//!
//! The binary runs against a Runtime API, a DynamoDB and a gateway that note in which order they are called.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// What the gateway says to the first posts: not there yet.
const GONE: usize = 3;
const PATIENCE: Duration = Duration::from_secs(30);

/// What was called.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Poll,
    Answer(String),
    Greeting(u16, String),
}

struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_greeting_follows_the_answer_and_precedes_the_next_poll() {
    let (told, seen) = channel();
    let address = services(told);
    let url = format!("http://{address}");
    let toml = "[[apps]]\nid = \"1\"\nkeys = [{ key = \"key\", secret = \"secret\" }]\n";
    let mut function = Command::new(env!("CARGO_BIN_EXE_connect"));
    for (name, value) in [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_LAMBDA_FUNCTION_NAME", "connect"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_RUNTIME_API", &address.to_string()),
        ("AWS_ENDPOINT_URL_DYNAMODB", &url),
        ("WS_ENDPOINT", &format!("{url}/prod")),
        ("PUSHBRIDGE_TOML", toml),
        ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
    ] {
        function.env(name, value);
    }
    let _function = Function(function.spawn().unwrap());
    let next = |seen: &Receiver<Seen>| seen.recv_timeout(PATIENCE).unwrap();
    assert_eq!(next(&seen), Seen::Poll);
    assert_eq!(next(&seen), Seen::Answer(r#"{"statusCode":200}"#.to_owned()));
    for _ in 0..GONE {
        assert!(matches!(next(&seen), Seen::Greeting(410, _)));
    }
    // The event's key is no app's: the first frame is a refusal, which follows the answer as a greeting does.
    let Seen::Greeting(200, frame) = next(&seen) else { panic!("nothing was posted") };
    assert!(frame.contains("pusher:error") && frame.contains("4001"), "{frame}");
    assert_eq!(next(&seen), Seen::Greeting(204, String::new()));
    assert_eq!(next(&seen), Seen::Poll);
}

/// All services on one port.
fn services(told: Sender<Seen>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let told = told.clone();
            std::thread::spawn(move || serve(stream, &told));
        }
    });
    address
}

fn serve(stream: TcpStream, told: &Sender<Seen>) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    let (mut polls, mut posts) = (0, 0);
    loop {
        let (first, body) = request(&mut reader)?;
        let (status, headers, answer) = if first.contains("/invocation/next") {
            polls += 1;
            told.send(Seen::Poll).ok()?;
            if polls > 1 {
                // No second event comes.
                continue;
            }
            let headers = "lambda-runtime-aws-request-id: r1\r\nlambda-runtime-deadline-ms: 99999999999999\r\n";
            (200, headers, EVENT.to_owned())
        } else if first.contains("/invocation/r1/response") {
            told.send(Seen::Answer(body)).ok()?;
            (202, "", String::new())
        } else if first.contains("/@connections/") {
            posts += 1;
            let delete = first.starts_with("DELETE");
            let status = if delete {
                204
            } else if posts <= GONE {
                410
            } else {
                200
            };
            told.send(Seen::Greeting(status, body)).ok()?;
            (status, "", String::new())
        } else {
            (200, "", r#"{"Count":0,"Items":[],"ScannedCount":0}"#.to_owned())
        };
        let size = answer.len();
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-length: {size}\r\n{headers}\r\n{answer}");
        writer.write_all(head.as_bytes()).ok()?;
    }
}

/// The first line of a request, and its body.
fn request(reader: &mut impl BufRead) -> Option<(String, String)> {
    let (mut first, mut length) = (String::new(), 0);
    if reader.read_line(&mut first).ok()? == 0 {
        return None;
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first, String::from_utf8(body).ok()?))
}

const EVENT: &str = r#"{
    "requestContext": {
        "routeKey": "$connect", "eventType": "CONNECT", "connectionId": "L0SM9cOFvHcCIhw=", "stage": "prod",
        "requestTimeEpoch": 1795255200000, "connectedAt": 1795255200000, "domainName": "x.execute-api.eu-central-1.amazonaws.com",
        "identity": { "sourceIp": "203.0.113.9" }
    },
    "headers": { "Host": "x.execute-api.eu-central-1.amazonaws.com" },
    "queryStringParameters": { "app_key": "nope", "protocol": "7" },
    "isBase64Encoded": false
}"#;
