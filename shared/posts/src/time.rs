//! Points in time.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// A point in time: milliseconds since 1970 UTC. In JSON an RFC 3339 text; integers of milliseconds are read too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-20T08:00:03.412Z")]
pub struct Timestamp(i64);

/// The last point that can be written in RFC 3339, 9999-12-30: later points are pulled back to it.
const LAST: i64 = 253_402_207_199_000;

impl Timestamp {
    /// From milliseconds since 1970 UTC. Points outside 1970..9999 are pulled to its ends.
    pub const fn from_ms(ms: i64) -> Self {
        // By hand, because `clamp` is not const.
        Self(if ms < 0 {
            0
        } else if ms > LAST {
            LAST
        } else {
            ms
        })
    }

    /// Milliseconds since 1970 UTC.
    pub fn ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970 UTC.
    pub fn seconds(self) -> u64 {
        u64::try_from(self.0 / 1000).unwrap_or(0)
    }

    /// This point, later by `span`.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self::from_ms(self.0.saturating_add(millis(span)))
    }

    /// This point, earlier by `span`.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self::from_ms(self.0.saturating_sub(millis(span)))
    }

    /// How long after `earlier` this is; nothing if it is before.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(LAST)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The type's range is inside jiff's, so the fallback is never used.
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        write!(f, "{instant:.3}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimestampVisitor)
    }
}

struct TimestampVisitor;

impl Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as \"2026-11-20T08:00:00Z\", or milliseconds since 1970")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        let instant: jiff::Timestamp =
            text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))?;
        Ok(Timestamp::from_ms(instant.as_millisecond()))
    }

    fn visit_i64<E: de::Error>(self, ms: i64) -> Result<Timestamp, E> {
        Ok(Timestamp::from_ms(ms))
    }

    fn visit_u64<E: de::Error>(self, ms: u64) -> Result<Timestamp, E> {
        Ok(Timestamp::from_ms(i64::try_from(ms).unwrap_or(LAST)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_rfc_3339_and_reads_milliseconds_too() {
        let at = Timestamp::from_ms(1_795_161_603_412);
        let text = serde_json::to_string(&at).unwrap();
        assert_eq!(text, "\"2026-11-20T08:00:03.412Z\"");
        for json in [text.as_str(), "1795161603412", "\"2026-11-20T09:00:03.412+01:00\""] {
            assert_eq!(serde_json::from_str::<Timestamp>(json).unwrap(), at, "{json}");
        }
        for bad in ["\"tomorrow\"", "\"2026-11-20\"", "1.5", "true", "\"2026-11-20T08:00:00\""] {
            assert!(serde_json::from_str::<Timestamp>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_ends_are_writable() {
        for ms in [i64::MIN, -1, 0, i64::MAX] {
            let at = Timestamp::from_ms(ms);
            assert_eq!(
                at.to_string().parse::<jiff::Timestamp>().unwrap().as_millisecond(),
                at.ms()
            );
        }
    }
}
