//! A proxy that hands requests on and keeps the answers.

use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// It ends when it is dropped.
pub(crate) struct Cutter {
    address: SocketAddr,
    task: AbortHandle,
}

impl Cutter {
    /// Stands before the server at `url`.
    pub(crate) async fn before(url: &str) -> Self {
        let server = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(cut(stream, server.clone()));
            }
        });
        Self { address, task: task.abort_handle() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Hands one request on, and closes when the first byte of its answer comes: what it asked for is done then.
async fn cut(mut stream: TcpStream, server: String) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut from, mut to) = (stream.split().0, server.split());
    let mut answer = [0];
    tokio::select! {
        _ = tokio::io::copy(&mut from, &mut to.1) => {}
        _ = to.0.read(&mut answer) => {}
    }
}
