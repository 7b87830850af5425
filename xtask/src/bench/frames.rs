//! As much of RFC 6455 as a load generator needs: short masked texts out, unfragmented frames in.

/// A frame from the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming<'a> {
    /// A text message.
    Text(&'a [u8]),
    /// A ping, to be answered with its payload.
    Ping(&'a [u8]),
    /// The server closes.
    Close,
    /// Anything else: pong, binary, a continuation.
    Other,
}

/// Takes one whole frame off the front; returns it and how many bytes it took.
pub(crate) fn split(bytes: &[u8]) -> Option<(Incoming<'_>, usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    // A server never masks (RFC 6455, 5.1), so the payload follows the length.
    let (start, length) = match second & 0x7f {
        126 => (4, u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        short => (2, u64::from(short)),
    };
    let end = start + usize::try_from(length).ok()?;
    let payload = bytes.get(start..end)?;
    let frame = match first & 0x0f {
        0x1 => Incoming::Text(payload),
        0x8 => Incoming::Close,
        0x9 => Incoming::Ping(payload),
        _ => Incoming::Other,
    };
    Some((frame, end))
}

/// A masked text of up to 65,535 bytes.
pub(crate) fn text(payload: &str) -> Vec<u8> {
    masked(0x81, payload.as_bytes())
}

/// A masked pong.
pub(crate) fn pong(payload: &[u8]) -> Vec<u8> {
    masked(0x8a, payload)
}

/// A mask of zeros is legal and leaves the payload as it is; what hides it is no matter on loopback.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASKED: u8 = 0x80;
    let mut out = vec![first];
    match u8::try_from(payload.len()) {
        Ok(short) if short < 126 => out.push(MASKED | short),
        _ => {
            out.push(MASKED | 126);
            out.extend(u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend(payload);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_split_only_when_whole() {
        let mut bytes = vec![0x81, 2, b'h', b'i', 0x81, 126, 1, 0];
        bytes.extend([b'x'; 256]);
        assert_eq!(split(&bytes), Some((Incoming::Text(b"hi"), 4)));
        assert_eq!(split(&bytes[4..]), Some((Incoming::Text(&[b'x'; 256]), 260)));
        assert_eq!(split(&bytes[4..263]), None);
        assert_eq!(split(&[0x88, 0]), Some((Incoming::Close, 2)));
        assert_eq!(split(&[0x81]), None);
    }

    #[test]
    fn texts_are_masked_with_zeros() {
        assert_eq!(text("ok"), [0x81, 0x82, 0, 0, 0, 0, b'o', b'k']);
        assert_eq!(text(&"x".repeat(200))[..4], [0x81, 0xfe, 0, 200]);
    }
}
