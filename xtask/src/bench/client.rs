//! One subscriber: from TCP connect to counting deliveries.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use super::dialect::{Dialect, Step};
use super::frames::{self, Incoming};

/// A constant key is enough: nothing here depends on the answer to it (RFC 6455, 1.3 has this one).
const WEBSOCKET_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

enum Phase {
    Connecting,
    Upgrading,
    Subscribing,
    Ready,
}

/// A connection and how far it is.
pub(crate) struct Client {
    /// The socket, for registration.
    pub(crate) stream: TcpStream,
    dialect: Dialect,
    room: String,
    began: Instant,
    phase: Phase,
    carry: Vec<u8>,
}

/// What came of reading.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Set when the subscription came to stand: how long that took since the connect began.
    pub(crate) ready: Option<Duration>,
    /// Events received.
    pub(crate) deliveries: usize,
}

impl Client {
    /// Starts to connect.
    pub(crate) fn start(address: SocketAddr, dialect: Dialect, room: String) -> Result<Self> {
        let began = Instant::now();
        let stream = TcpStream::connect(address)?;
        Ok(Self { stream, dialect, room, began, phase: Phase::Connecting, carry: Vec::new() })
    }

    /// Goes on after the socket became usable. `buffer` is scratch space shared by all.
    pub(crate) fn advance(&mut self, buffer: &mut [u8]) -> Result<Progress> {
        let mut progress = Progress::default();
        if matches!(self.phase, Phase::Connecting) && !self.upgrade()? {
            return Ok(progress);
        }
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => return Err(self.broken("the server closed a connection")),
                Ok(read) => read,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            };
            self.take(&buffer[..read], &mut progress)?;
            // A short read has emptied the socket; the next arrival is a new edge.
            if read < buffer.len() {
                break;
            }
        }
        Ok(progress)
    }

    /// Asks for the upgrade once the connect has succeeded.
    fn upgrade(&mut self) -> Result<bool> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        if self.stream.peer_addr().is_err() {
            return Ok(false);
        }
        self.stream.set_nodelay(true)?;
        let path = self.dialect.path();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: {WEBSOCKET_KEY}\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes())?;
        self.phase = Phase::Upgrading;
        Ok(true)
    }

    fn take(&mut self, bytes: &[u8], progress: &mut Progress) -> Result<()> {
        let mut whole = std::mem::take(&mut self.carry);
        if whole.is_empty() && matches!(self.phase, Phase::Ready | Phase::Subscribing) {
            let used = self.frames(bytes, progress)?;
            self.carry.extend(&bytes[used..]);
            return Ok(());
        }
        whole.extend(bytes);
        let mut used = 0;
        if matches!(self.phase, Phase::Upgrading) {
            let Some(end) = whole.windows(4).position(|it| it == b"\r\n\r\n") else {
                self.carry = whole;
                return Ok(());
            };
            if !whole.starts_with(b"HTTP/1.1 101") {
                return Err(self.broken("the server refused the upgrade"));
            }
            self.phase = Phase::Subscribing;
            used = end + 4;
        }
        used += self.frames(&whole[used..], progress)?;
        self.carry.extend(&whole[used..]);
        Ok(())
    }

    /// Handles all whole frames; returns how many bytes they took.
    fn frames(&mut self, bytes: &[u8], progress: &mut Progress) -> Result<usize> {
        let mut used = 0;
        while let Some((frame, length)) = frames::split(&bytes[used..]) {
            used += length;
            match frame {
                Incoming::Text(text) => self.text(text, progress)?,
                Incoming::Ping(payload) => self.stream.write_all(&frames::pong(payload))?,
                Incoming::Close => return Err(self.broken("the server closed a WebSocket")),
                Incoming::Other => {}
            }
        }
        Ok(used)
    }

    fn text(&mut self, text: &[u8], progress: &mut Progress) -> Result<()> {
        match self.dialect.step(text, &self.room) {
            Step::Delivery => progress.deliveries += 1,
            Step::Say(answer) => self.stream.write_all(&frames::text(&answer))?,
            Step::Ready => {
                self.phase = Phase::Ready;
                progress.ready = Some(self.began.elapsed());
            }
            Step::Refused => return Err(self.broken(&String::from_utf8_lossy(text))),
            Step::Ignore => {}
        }
        Ok(())
    }

    fn broken(&self, why: &str) -> Error {
        let when = match self.phase {
            Phase::Connecting => "connecting",
            Phase::Upgrading => "upgrading",
            Phase::Subscribing => "subscribing",
            Phase::Ready => "subscribed",
        };
        Error::other(format!("while {when}: {why}"))
    }
}
