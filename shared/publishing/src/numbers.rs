//! Random numbers, which rules take as arguments.

use posts::{Jitter, Timestamp};

/// Bits of chance in a number; the time is above them.
const CHANCE_BITS: u32 = 80;

/// A number that is never used twice and sorts by time: milliseconds, then 80 random bits, as in a ULID.
pub(crate) fn unique(now: Timestamp) -> u128 {
    let ms = u128::try_from(now.ms()).unwrap_or(0);
    (ms << CHANCE_BITS) | (rand::random::<u128>() >> (u128::BITS - CHANCE_BITS))
}

/// A name that is never used twice.
pub(crate) fn name() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// How much to stretch a wait, from 1 to `most` times.
pub(crate) fn stretch(most: f64) -> f64 {
    1.0 + (most - 1.0) * rand::random::<f64>()
}

/// How much to stretch a wait before a retry.
pub(crate) fn jitter() -> Jitter {
    Jitter::from_unit(rand::random())
}
