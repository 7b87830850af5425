//! A name that is taken is within its alphabet and length, and says by its very beginning what it is.

use protocol::{ChannelKind, ChannelName, EventName, SocketId};

/// Longest refusal in bytes: it quotes at most 64 characters of what came.
const MESSAGE_BYTES: usize = 512;

/// # Panics
/// When a reader breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    channel(text);
    match EventName::parse(text) {
        Ok(name) => {
            assert!((1..=200).contains(&text.chars().count()) && name.as_str() == text);
            assert!(!text.starts_with("pusher:") && !text.starts_with("pusher_internal:"));
        }
        Err(error) => assert!(error.to_string().len() <= MESSAGE_BYTES),
    }
    if let Ok(id) = text.parse::<SocketId>() {
        let shown = id.to_string();
        assert_eq!(shown.parse::<SocketId>(), Ok(id), "{text}");
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        assert!(text.split('.').count() == 2 && text.split('.').all(digits), "{text}");
    }
}

fn channel(text: &str) {
    let name = match ChannelName::parse(text) {
        Ok(name) => name,
        Err(error) => return assert!(error.to_string().len() <= MESSAGE_BYTES),
    };
    assert_eq!(name.as_str(), text);
    assert!((1..=200).contains(&text.len()));
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-=@,.;".contains(&b);
    match text.strip_prefix("#server-to-user-") {
        Some(user) => assert!(!user.is_empty() && !user.contains(char::is_control), "{text:?}"),
        None => assert!(!text.is_empty() && text.bytes().all(allowed), "{text:?}"),
    }
    let gated = ["private-", "presence-", "#"].iter().any(|prefix| text.starts_with(prefix));
    assert_eq!(name.kind().needs_auth(), gated, "{text:?}");
    assert_eq!(name.is_presence(), text.starts_with("presence-"), "{text:?}");
    let encrypted = text.starts_with("private-encrypted-");
    assert_eq!(name.kind() == ChannelKind::Encrypted, encrypted, "{text:?}");
    if name.is_cached() {
        let cache = ["cache-", "private-cache-", "private-encrypted-cache-", "presence-cache-"];
        assert!(cache.iter().any(|prefix| text.starts_with(prefix)), "{text:?}");
    }
}
