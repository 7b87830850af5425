//! The server as a process of its own, and what stands on it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

use outbound::{Body, Call, Reply};
use platforms::{Addresses, Http, Settings};
use serde::Deserialize;
use serde_json::Value;

/// One client for all tests: reading the system's certificates takes its time.
pub(crate) static HTTP: LazyLock<Http> =
    LazyLock::new(|| Http::new(Settings::new(Addresses::AlsoPrivate)).unwrap());

static SHARED: LazyLock<Pds> = LazyLock::new(Pds::start);

/// A running server. It ends when its standard input closes: with the value, or with the tests.
pub(crate) struct Pds {
    pub(crate) url: String,
    pub(crate) did: String,
    pub(crate) handle: String,
    pub(crate) password: String,
    pub(crate) expired: String,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    child: Child,
}

#[derive(Deserialize)]
struct Ready {
    url: String,
    did: String,
    handle: String,
    password: String,
    expired: String,
}

impl Pds {
    /// The server that most tests share.
    pub(crate) fn shared() -> &'static Self {
        &SHARED
    }

    pub(crate) fn start() -> Self {
        // Where `cargo xtask test` installed it, or the source with its packages.
        let source = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../pds");
        let folder = std::env::var_os("PUSHBRIDGE_PDS").map_or_else(source, PathBuf::from);
        let mut child = Command::new("node")
            .arg(folder.join("server.js"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let Ready { url, did, handle, password, expired } =
            serde_json::from_str(&line).expect("the server starts: run `npm ci` in tests/pds once");
        let input = child.stdin.take();
        Self { url, did, handle, password, expired, input, output, child }
    }

    /// Uses up what one address may ask for.
    pub(crate) fn flood(&mut self) {
        self.input.as_mut().unwrap().write_all(b"flood\n").unwrap();
        self.output.read_line(&mut String::new()).unwrap();
    }

    /// The account's posts that say `text`, with their addresses.
    pub(crate) async fn records(&self, text: &str) -> Vec<Value> {
        let url = format!(
            "{}/xrpc/com.atproto.repo.listRecords?repo={}&collection=app.bsky.feed.post&limit=100",
            self.url, self.did
        );
        // The server believes what a proxy on loopback says: a limit of the tests' own address does not count here.
        let headers = [("x-forwarded-for", "198.51.100.7")].into_iter();
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let call = Call {
            method: "GET".parse().unwrap(),
            url: &url,
            headers: headers.collect(),
            body: Vec::new(),
            now_s: 0,
        };
        let Reply::Answered { status: 200, body: Body::Whole(body), .. } = HTTP.call(call).await
        else {
            panic!("the records cannot be listed")
        };
        let body: Value = serde_json::from_slice(&body).unwrap();
        let records = body["records"].as_array().unwrap().clone();
        records.into_iter().filter(|record| record["value"]["text"] == text).collect()
    }
}

impl Drop for Pds {
    fn drop(&mut self) {
        drop(self.input.take());
        // Its end is its own matter; waiting leaves no zombie.
        let _ = self.child.wait();
    }
}
