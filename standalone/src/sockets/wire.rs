//! WebSocket frames as bytes. A server's frames are not masked, so one encoding serves every receiver.

use bytes::Bytes;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

/// A text message.
pub(super) fn text(frame: &protocol::Frame) -> Bytes {
    bytes(Frame::message(frame.as_bytes().clone(), OpCode::Data(Data::Text), true))
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
