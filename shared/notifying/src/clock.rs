//! Time and chance, which rules take as arguments.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use posts::Timestamp;

/// Bits of chance in a number; the time is above them.
const CHANCE_BITS: u32 = 80;

/// Goes on from the time that a run was given, by the machine's steady clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Timestamp,
    began: Instant,
}

impl Clock {
    pub(crate) fn starting(now: Timestamp) -> Self {
        Self { start: now, began: Instant::now() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.start.plus(self.began.elapsed())
    }
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A number that is never used twice and sorts by time: milliseconds, then 80 random bits, as in a ULID.
pub(crate) fn unique(now: Timestamp) -> u128 {
    let ms = u128::try_from(now.ms()).unwrap_or(0);
    (ms << CHANCE_BITS) | (rand::random::<u128>() >> (u128::BITS - CHANCE_BITS))
}
