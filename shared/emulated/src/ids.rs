//! Names and times as AWS writes them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use jiff::Timestamp;

/// The region that everything says it is in.
pub(crate) const REGION: &str = "us-east-1";
/// The account that everything says it is of.
pub(crate) const ACCOUNT: &str = "000000000000";
/// The WebSocket API's id.
pub(crate) const WEBSOCKET_API: &str = "emulatedws";
/// The HTTP API's id.
pub(crate) const HTTP_API: &str = "emulatedhttp";
/// Random bytes in a connection's id: they make 15 letters and an equals sign.
const CONNECTION_BYTES: usize = 11;

/// A new connection's id: base64, with a `=` at its end.
pub(crate) fn connection() -> String {
    URL_SAFE.encode(rand::random::<[u8; CONNECTION_BYTES]>())
}

/// Whether a text has the form of a connection's id.
pub(crate) fn is_connection(text: &str) -> bool {
    URL_SAFE.decode(text).is_ok_and(|bytes| bytes.len() == CONNECTION_BYTES)
}

/// A new request's id, in the form of a UUID.
pub(crate) fn request() -> String {
    let hex = hex::encode(rand::random::<[u8; 16]>());
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A new extended request id or message id.
pub(crate) fn short() -> String {
    connection()
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default()
}

/// A time as `requestTime` has it: `21/Nov/2026:12:00:00 +0000`.
pub(crate) fn log_time(ms: u64) -> String {
    timestamp(ms).strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

/// A time in RFC 3339, of whole seconds.
pub(crate) fn rfc3339(ms: u64) -> String {
    timestamp(ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn timestamp(ms: u64) -> Timestamp {
    Timestamp::from_millisecond(i64::try_from(ms).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_those_of_aws() {
        let id = connection();
        assert!(id.len() == 16 && id.ends_with('=') && is_connection(&id), "{id}");
        for other in ["", "short=", "0123456789abcde", "0123456789ab/de="] {
            assert!(!is_connection(other), "{other}");
        }
        assert_eq!(request().split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(log_time(0), "01/Jan/1970:00:00:00 +0000");
        assert_eq!(rfc3339(1_700_000_000_123), "2023-11-14T22:13:20Z");
    }
}
