//! Starting and stopping the two servers.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use super::dialect::{APP_ID, KEY, SECRET};
use super::process::Process;
use crate::run::{Trouble, root};

/// What users' tokens are signed with.
pub(crate) const JWT_SECRET: &str = "a-secret-for-the-benchmark-on-loopback";

/// One user makes all the load, and is not to be held back.
const LIMITS: &str = "[server]\napi_requests_per_second_per_user = 1000000\n";

/// A server of ours or of the peer; killed when dropped.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its process.
    pub(crate) process: Process,
    child: Child,
    _data: Option<TempDir>,
}

impl Server {
    /// Starts the release binary with an empty data directory.
    ///
    /// # Errors
    /// When it does not start or says no address.
    pub(crate) fn pushbridge(binary: &Path) -> Result<Self, Trouble> {
        let data =
            tempfile::tempdir().map_err(|e| Trouble::of("cannot make a data directory", e))?;
        std::fs::write(data.path().join("pushbridge.toml"), LIMITS)
            .map_err(|e| Trouble::of("cannot write the configuration", e))?;
        let mut command = Command::new(binary);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path().join("data"))
            .env("PUSHER_APP_ID", APP_ID)
            .env("PUSHER_KEY", KEY)
            .env("PUSHER_SECRET", SECRET)
            .env("JWT_SECRET", JWT_SECRET)
            // The receivers of posts are on loopback.
            .env("PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES", "true")
            .env("CRON_SECRET", "a-cron-secret-for-the-benchmark")
            .env("RUST_LOG", "warn")
            .current_dir(data.path());
        Self::start(command, Some(data))
    }

    /// Starts the peer.
    ///
    /// # Errors
    /// When it does not start or says no address.
    pub(crate) fn socket_io() -> Result<Self, Trouble> {
        let mut command = Command::new("node");
        command
            .arg("server.js")
            .current_dir(root().join("tests/bench"))
            .env("NODE_ENV", "production");
        Self::start(command, None)
    }

    fn start(mut command: Command, data: Option<TempDir>) -> Result<Self, Trouble> {
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|e| Trouble::of("cannot start a server", e))?;
        let mut output = child.stdout.take().map(BufReader::new);
        let address = output.as_mut().and_then(announced);
        let Some(address) = address else {
            // Nothing is left to do about a child that cannot be killed.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Trouble("a server ended without saying where it listens".into()));
        };
        std::thread::spawn(move || output.map(drain));
        let process = Process(child.id());
        Ok(Self { address, process, child, _data: data })
    }

    /// Ends it at once: what it held is thrown away.
    pub(crate) fn stop(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads on until a line names a loopback address.
fn announced(output: &mut BufReader<ChildStdout>) -> Option<SocketAddr> {
    let mut line = String::new();
    while output.read_line(&mut line).ok()? > 0 {
        let port = line.split_once("http://127.0.0.1:").map(|it| it.1);
        let digits = port.and_then(|it| it.split(|c: char| !c.is_ascii_digit()).next());
        if let Some(port) = digits.and_then(|it| it.parse().ok()) {
            return Some(SocketAddr::from(([127, 0, 0, 1], port)));
        }
        line.clear();
    }
    None
}

/// Keeps the pipe empty, so that the server never waits for us.
fn drain(mut output: BufReader<ChildStdout>) {
    let mut buffer = [0; 4096];
    while output.read(&mut buffer).is_ok_and(|read| read > 0) {}
}
