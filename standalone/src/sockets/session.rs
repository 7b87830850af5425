//! The life of one socket after its handshake: read frames, write what was queued, mind the silence.

use std::future::Future;
use std::io::ErrorKind;
use std::sync::Arc;

use bytes::Bytes;
use protocol::limits::CLIENT_MESSAGE_BYTES;
use protocol::{Code, ConnectionId, ServerFrame};
use tokio::io::Interest;
use tokio::time::{Instant, sleep_until};
use tungstenite::Message;
use tungstenite::error::{Error, ProtocolError};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};

use super::silence::{Lapse, Silence, Timing};
use super::socket::{Io, Socket};
use super::transport::State;
use super::wire::{self, Encoded};

/// The reader's buffer in bytes: most frames of clients fit, and idle connections stay small.
const READ_BUFFER_BYTES: usize = 1024;
/// Messages handled in a row before other sessions get their turn.
const TURN: usize = 32;

/// Why a client that does not answer a ping is closed.
pub(super) const NO_PONG: &str = "No answer to a ping";
/// The close of a client that sent too much at once (RFC 6455, section 7.4.1).
pub(super) const TOO_LARGE: (u16, &str) = (1009, "Message too large");

/// What a session's messages are for.
pub(crate) trait Handler: Send + Sync {
    /// One text message.
    fn message(&self, id: &ConnectionId, text: &str) -> impl Future<Output = ()> + Send;
}

/// Why reading stopped.
enum End {
    /// The peer is gone, or has closed properly.
    Gone,
    /// The peer broke the rules: close with this code (RFC 6455, section 7.4.1).
    Close(u16, &'static str),
}

/// Runs until the connection is over.
pub(super) async fn run<H: Handler>(
    socket: Arc<Socket>,
    early: Bytes,
    handler: &H,
    timing: Timing,
) {
    let mut session = Session::new(&socket, early, timing);
    let end = session.exchange(handler).await;
    if let End::Close(code, reason) = end {
        socket.close(wire::close(code, reason));
    }
    if socket.state() != State::Broken {
        // A peer that does not finish the close is cut off.
        let _ = tokio::time::timeout(timing.close, linger(&socket)).await;
    }
}

struct Session<'a> {
    socket: &'a Socket,
    reader: WebSocketContext,
    silence: Silence,
}

impl<'a> Session<'a> {
    fn new(socket: &'a Socket, early: Bytes, timing: Timing) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(CLIENT_MESSAGE_BYTES))
            .max_frame_size(Some(CLIENT_MESSAGE_BYTES));
        let reader = if early.is_empty() {
            WebSocketContext::new(Role::Server, Some(config))
        } else {
            WebSocketContext::from_partially_read(early.into(), Role::Server, Some(config))
        };
        Self { socket, reader, silence: Silence::new(timing) }
    }

    async fn exchange<H: Handler>(&mut self, handler: &H) -> End {
        let timer = sleep_until(self.silence.deadline);
        tokio::pin!(timer);
        loop {
            if let Some(end) = self.read(handler).await {
                return end;
            }
            // An answered ping brings the deadline forward; other signs of life only push it back.
            if self.silence.deadline < timer.deadline() {
                timer.as_mut().reset(self.silence.deadline);
            }
            let queued = self.socket.flush();
            if self.socket.state() != State::Open {
                return End::Gone;
            }
            let interest =
                if queued { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            tokio::select! {
                ready = self.socket.stream.ready(interest) => if ready.is_err() { return End::Gone },
                () = self.socket.woken() => {}
                () = &mut timer => {
                    if let Some(end) = self.mind_the_silence() {
                        return end;
                    }
                    timer.as_mut().reset(self.silence.deadline);
                }
            }
        }
    }

    /// Handles everything that has arrived.
    async fn read<H: Handler>(&mut self, handler: &H) -> Option<End> {
        let mut handled = 0;
        loop {
            let message = match self.reader.read(&mut Io(self.socket)) {
                Ok(message) => message,
                Err(Error::Io(e)) if e.kind() == ErrorKind::WouldBlock => return None,
                Err(error) => return Some(end_of(&error)),
            };
            // The timer is set anew only when it fires.
            self.silence.heard(Instant::now());
            match message {
                // Boxed, so that the many idle sessions do not hold room for it.
                Message::Text(text) => Box::pin(handler.message(&self.socket.id, &text)).await,
                Message::Binary(_) => {
                    return Some(End::Close(1003, "Only text messages are accepted"));
                }
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {}
            }
            // Whoever was closed meanwhile is not heard any more.
            if self.socket.state() != State::Open {
                return Some(End::Gone);
            }
            handled += 1;
            if handled % TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    fn mind_the_silence(&mut self) -> Option<End> {
        match self.silence.lapsed() {
            Lapse::None => None,
            Lapse::Ping => {
                self.socket.post(Encoded::new(&ServerFrame::Ping.encode()).message());
                None
            }
            Lapse::End => Some(End::Close(Code::PongMissing.number(), NO_PONG)),
        }
    }
}

fn end_of(error: &Error) -> End {
    match error {
        Error::Capacity(_) => End::Close(TOO_LARGE.0, TOO_LARGE.1),
        Error::Utf8(_) => End::Close(1007, "Text must be UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
        Error::Protocol(_) => End::Close(1002, "Not a valid WebSocket frame"),
        _ => End::Gone,
    }
}

/// Writes what is left, ends our half and waits for the peer's end, so that the close frame
/// is not lost to a reset.
async fn linger(socket: &Socket) {
    while socket.flush() {
        if socket.stream.writable().await.is_err() {
            return;
        }
    }
    if socket.shut_down().is_err() {
        return;
    }
    let mut rest = [0; 512];
    loop {
        match socket.stream.try_read(&mut rest) {
            Ok(0) => return,
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                if socket.stream.readable().await.is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
