//! WebSocket frames as bytes. A server's frames are not masked, so one encoding serves every receiver.

use bytes::Bytes;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

/// A text message.
pub(super) fn text(frame: &protocol::Frame) -> Bytes {
    bytes(Frame::message(frame.as_bytes().clone(), OpCode::Data(Data::Text), true))
}

/// A close frame with its code (RFC 6455, section 7.4) and a short reason.
pub(super) fn close(code: u16, reason: &str) -> Bytes {
    let reason = reason.to_owned().into();
    bytes(Frame::close(Some(CloseFrame { code: CloseCode::from(code), reason })))
}

fn bytes(frame: Frame) -> Bytes {
    let mut out = Vec::with_capacity(frame.len());
    // Writing into a vector does not fail.
    let _ = frame.format(&mut out);
    Bytes::from(out)
}
