//! A share for each of many.

use std::hash::Hash;

use crate::Rate;
use crate::crowd::Crowd;
use crate::share::{Count, Heard, Share, Step, Told};

/// Shares by key, at most so many. When they are too many, those that count nothing any more go first,
/// then the quarter that did least; a key that went starts anew.
#[derive(Debug)]
pub struct Shares<K>(Crowd<K, Share>);

impl<K: Hash + Eq> Shares<K> {
    /// No shares yet, and never more than `most`.
    pub fn new(most: usize) -> Self {
        Self(Crowd::new(most))
    }

    /// Counts an act for a key.
    pub fn count(&mut self, key: K, rate: Rate, count: Count, now_ms: u64) -> Step {
        self.0.of(key, now_ms).count(rate, count, now_ms)
    }

    /// Takes in what the others said about a key.
    ///
    /// # Errors
    /// When they have left no room: the milliseconds until there is some.
    pub fn hear(
        &mut self,
        key: K,
        rate: Rate,
        (told, heard): (Told, Heard),
        now_ms: u64,
    ) -> Result<(), u64> {
        self.0.of(key, now_ms).hear(rate, told, heard, now_ms)
    }

    /// Keeps what could not be told about a key for the next time.
    pub fn keep(&mut self, key: K, told: Told, now_ms: u64) {
        self.0.of(key, now_ms).keep(told);
    }

    /// Whether one more would pass for a key, as far as this process knows. Nothing is counted.
    ///
    /// # Errors
    /// When it would not: the milliseconds until it would.
    pub fn wait_ms(&self, key: &K, rate: Rate, now_ms: u64) -> Result<(), u64> {
        self.0.get(key).map_or(Ok(()), |share| share.wait_ms(rate, now_ms))
    }
}
