//! `cargo lambda watch`: it builds and starts a function when its first event comes, and has an Invoke API.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use super::Outcome;
use super::process::{credentials, key_of};

/// How long it may take to be there, and how often that is looked at.
const START: (Duration, Duration) = (Duration::from_secs(30), Duration::from_millis(50));

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// It cannot be started.
    #[error(
        "`cargo lambda watch` cannot be started ({0}); install it with `pip install cargo-lambda`"
    )]
    Start(io::Error),
    /// It is not there in time.
    #[error("`cargo lambda watch` did not listen within 30 s; its output says why")]
    Late,
}

/// A running `cargo lambda watch`.
#[derive(Debug)]
pub(crate) struct Watch {
    address: SocketAddr,
    _child: Child,
}

impl Watch {
    /// Starts it in a folder, with what functions find in their environment.
    pub(crate) async fn start(
        program: &Path,
        folder: &Path,
        variables: &BTreeMap<String, String>,
        concurrency: usize,
    ) -> Result<Self, WatchError> {
        // It takes no port 0. The port is free now, and most likely a moment later.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(WatchError::Start)?;
        let address = free.local_addr().map_err(WatchError::Start)?;
        drop(free);
        let log = || io::stderr().as_fd().try_clone_to_owned().map(Stdio::from);
        let child = Command::new(program)
            .args(["lambda", "watch", "--ignore-changes", "--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &address.port().to_string()])
            .args(["--concurrency", &concurrency.to_string()])
            .current_dir(folder)
            .envs(variables)
            .envs(credentials(&key_of("watch", 0)))
            .stdin(Stdio::null())
            .stdout(log().map_err(WatchError::Start)?)
            .stderr(log().map_err(WatchError::Start)?)
            .kill_on_drop(true)
            .spawn()
            .map_err(WatchError::Start)?;
        let there = async {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(START.1).await;
            }
        };
        tokio::time::timeout(START.0, there).await.map_err(|_| WatchError::Late)?;
        Ok(Self { address, _child: child })
    }

    /// Invokes a function through its Invoke API.
    pub(super) async fn invoke(&self, name: &str, event: Bytes, limit: Duration) -> Outcome {
        match tokio::time::timeout(limit, self.call(name, event)).await {
            Ok(Ok((StatusCode::OK, answer))) => Outcome::Answered(answer),
            Ok(Ok((_, error))) => Outcome::Failed(error),
            Ok(Err(why)) => Outcome::failed("Runtime.ExitError", &why),
            // It waits for ever for a function that ended.
            Err(_) => Outcome::failed("Sandbox.Timedout", "Task timed out"),
        }
    }

    async fn call(&self, name: &str, event: Bytes) -> Result<(StatusCode, Bytes), String> {
        let failed = |e: hyper::Error| e.to_string();
        let stream = TcpStream::connect(self.address).await.map_err(|e| e.to_string())?;
        let (mut client, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        tokio::spawn(connection);
        let request = Request::post(format!("/2015-03-31/functions/{name}/invocations"))
            .header("host", self.address.to_string())
            .header("content-type", "application/json")
            .body(Full::new(event))
            .map_err(|e| e.to_string())?;
        let response = client.send_request(request).await.map_err(failed)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(failed)?;
        Ok((status, body.to_bytes()))
    }
}
