//! The server's API on one kept connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::run::Trouble;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A kept HTTP connection of a signed-in user.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When there is no server.
    pub(crate) fn connect(address: SocketAddr, token: &str) -> Result<Self, Trouble> {
        let connected = TcpStream::connect(address).and_then(|stream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        let stream = connected.map_err(|e| Trouble::of("cannot connect to the server", e))?;
        Ok(Self { stream: BufReader::new(stream), token: token.to_owned() })
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// When the answer is not one of success.
    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Result<Value, Trouble> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        let broken = |e| Trouble::of("the connection to the server broke", e);
        self.stream.get_mut().write_all(request.as_bytes()).map_err(broken)?;
        let (status, answer) = self.read().map_err(broken)?;
        if (200..300).contains(&status) {
            return serde_json::from_slice(&answer).map_err(|e| Trouble::of("no JSON", e));
        }
        Err(Trouble(format!("{path}: {status} {}", String::from_utf8_lossy(&answer))))
    }

    fn read(&mut self) -> std::io::Result<(u16, Vec<u8>)> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(text) = header.strip_prefix("content-length:") {
                length = text.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, body))
    }
}
