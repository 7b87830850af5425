//! Publishing over each server's HTTP API, on one kept connection.

use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;

use super::dialect::{APP_ID, Dialect, KEY, SECRET};

/// Bytes of an event's data.
pub(crate) const EVENT_BYTES: usize = 300;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A kept HTTP connection.
pub(crate) struct Publisher {
    dialect: Dialect,
    stream: BufReader<TcpStream>,
    data: String,
}

impl Publisher {
    /// Connects.
    pub(crate) fn connect(address: SocketAddr, dialect: Dialect) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { dialect, stream: BufReader::new(stream), data: "x".repeat(EVENT_BYTES) })
    }

    /// Makes the request for one event to one room, ready to be sent.
    pub(crate) fn prepare(&self, room: &str) -> String {
        match self.dialect {
            Dialect::Pusher => {
                let data = &self.data;
                let body = format!(r#"{{"name":"bench","channels":["{room}"],"data":"{data}"}}"#);
                post(&signed_path(&body), &body)
            }
            Dialect::SocketIo => post(&format!("/publish?room={room}"), &self.data),
        }
    }

    /// Sends a prepared request. The moment before is the moment of publishing.
    pub(crate) fn send(&mut self, request: &str) -> Result<()> {
        self.stream.get_mut().write_all(request.as_bytes())
    }

    /// Reads the answer and expects 200.
    pub(crate) fn answer(&mut self) -> Result<()> {
        let mut status = String::new();
        self.stream.read_line(&mut status)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(Error::other)?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if status.starts_with("HTTP/1.1 200") {
            return Ok(());
        }
        let body = String::from_utf8_lossy(&body);
        Err(Error::other(format!("publishing was answered with {}: {body}", status.trim_end())))
    }
}

/// Signed as Pusher's HTTP API asks ("Generating authentication signatures").
fn signed_path(body: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let digest = hex::encode(Md5::digest(body));
    let path = format!("/apps/{APP_ID}/events");
    let query = format!("auth_key={KEY}&auth_timestamp={now}&auth_version=1.0&body_md5={digest}");
    let signature = sign(&format!("POST\n{path}\n{query}"));
    format!("{path}?{query}&auth_signature={signature}")
}

fn sign(text: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else {
        return String::new();
    };
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
