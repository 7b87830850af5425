//! What goes over the wire, as bytes: frames of WebSockets, and lines of the HTTP transports (SockJS, "xhr").
//! A server's frames are not masked, so one encoding of each kind serves every receiver.

use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::json;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

/// A frame on its way to any number of receivers.
pub(super) struct Encoded<'a> {
    frame: &'a protocol::Frame,
    message: Bytes,
    line: OnceLock<Bytes>,
}

impl<'a> Encoded<'a> {
    pub(super) fn new(frame: &'a protocol::Frame) -> Self {
        let message =
            bytes(Frame::message(frame.as_bytes().clone(), OpCode::Data(Data::Text), true));
        Self { frame, message, line: OnceLock::new() }
    }

    /// A text message of a WebSocket.
    pub(super) fn message(&self) -> &Bytes {
        &self.message
    }

    /// A line with one message, made when the first receiver wants it.
    pub(super) fn line(&self) -> &Bytes {
        self.line.get_or_init(|| {
            let text = String::from_utf8_lossy(self.frame.as_bytes());
            format!("a{}\n", json!([text])).into()
        })
    }
}

/// The first line of a session.
pub(super) const OPEN_LINE: Bytes = Bytes::from_static(b"o\n");
/// A line after which the client knows that the server is there; to a stream it answers with a sign of life.
pub(super) const HEARTBEAT_LINE: Bytes = Bytes::from_static(b"h\n");
/// No messages: the answer to a client's sign of life, which it does not answer.
pub(super) const EMPTY_LINE: Bytes = Bytes::from_static(b"a[]\n");

/// The last line of a session, with the code and reason of a close.
pub(super) fn close_line(code: u16, reason: &str) -> Bytes {
    format!("c{}\n", json!([code, reason])).into()
}

/// Longest reason of a close in bytes: a control frame holds 125, two of them the code (RFC 6455, section 5.5).
const REASON_BYTES: usize = 123;

/// A close frame with its code (RFC 6455, section 7.4) and the beginning of the reason.
pub(super) fn close(code: u16, reason: &str) -> Bytes {
    let reason = reason[..reason.floor_char_boundary(REASON_BYTES)].to_owned().into();
    bytes(Frame::close(Some(CloseFrame { code: CloseCode::from(code), reason })))
}

fn bytes(frame: Frame) -> Bytes {
    let mut out = Vec::with_capacity(frame.len());
    // Writing into a vector does not fail.
    let _ = frame.format(&mut out);
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A longer control frame is an error to its receiver, who then never learns the code.
    #[test]
    fn a_close_is_a_control_frame_whatever_its_reason() {
        for reason in ["", "bye", &"x".repeat(123), &"x".repeat(124), &"ü".repeat(200)] {
            let frame = close(4009, reason);
            let payload = usize::from(frame[1]);
            assert!(payload <= 125, "{payload} for {reason:?}");
            assert_eq!((frame.len(), &frame[2..4]), (2 + payload, &4009_u16.to_be_bytes()[..]));
            let text = std::str::from_utf8(&frame[4..]).expect("whole characters");
            assert!(reason.starts_with(text) && text.len() >= reason.len().min(122));
        }
    }
}
