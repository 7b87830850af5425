//! Whatever a client sends is a frame or a refusal that can be shown.

use protocol::ClientFrame;

/// Longest refusal in bytes: it quotes at most 64 characters of what came.
const MESSAGE_BYTES: usize = 512;

/// # Panics
/// When the reader breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match ClientFrame::parse(text) {
        Ok(ClientFrame::Event(event)) => {
            assert!(event.event.starts_with("client-"), "only client events pass: {event:?}");
            if let Some(data) = &event.data {
                assert!(text.contains(data.get()), "data is passed on as it came: {event:?}");
            }
        }
        Ok(_) => {}
        Err(fault) => {
            assert_eq!(fault.code, None, "one bad frame does not end a connection");
            assert!(fault.message.len() <= MESSAGE_BYTES, "{fault:?}");
        }
    }
}
