//! The one place that reads the time, once per request.

use std::time::{SystemTime, UNIX_EPOCH};

use posts::Timestamp;

/// Now.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_ms(i64::try_from(now_ms()).unwrap_or(i64::MAX))
}

/// Now as milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
