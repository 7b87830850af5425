//! A meter for each of many.

use std::hash::Hash;

use crate::crowd::Crowd;
use crate::{Count, Meter, Rate, Verdict};

/// Meters by key, at most so many. When they are too many, those that count nothing any more go first,
/// then the quarter that did least; a key that went starts anew.
#[derive(Debug)]
pub struct Meters<K>(Crowd<K, Meter>);

impl<K: Hash + Eq> Meters<K> {
    /// No meters yet, and never more than `most`.
    pub fn new(most: usize) -> Self {
        Self(Crowd::new(most))
    }

    /// Counts one for a key.
    pub fn count(&mut self, key: K, rate: Rate, now_ms: u64) -> Verdict {
        self.0.of(key, now_ms).count(rate, now_ms)
    }

    /// Refuses what passed here for a key, because others left no room for it.
    pub fn overrule(
        &mut self,
        key: K,
        (rate, count): (Rate, Count),
        retry_after_ms: u64,
        now_ms: u64,
    ) -> Verdict {
        self.0.of(key, now_ms).overrule(rate, count, retry_after_ms, now_ms)
    }

    /// Whether one more would pass for a key. Nothing is counted.
    ///
    /// # Errors
    /// When it would not: the milliseconds until it would.
    pub fn wait_ms(&self, key: &K, rate: Rate, now_ms: u64) -> Result<(), u64> {
        self.0.get(key).map_or(Ok(()), |meter| meter.wait_ms(rate, now_ms))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    const TWO: Rate = Rate::per_second(NonZeroU32::new(2).unwrap());

    fn passes(meters: &mut Meters<u32>, key: u32, now_ms: u64) -> bool {
        meters.count(key, TWO, now_ms) == Verdict::Pass
    }

    #[test]
    fn keys_do_not_meet() {
        let mut meters = Meters::new(10);
        assert!(passes(&mut meters, 1, 0) && passes(&mut meters, 1, 0));
        assert!(!passes(&mut meters, 1, 0));
        assert_eq!(meters.wait_ms(&1, TWO, 0), Err(500));
        assert_eq!(meters.wait_ms(&2, TWO, 0), Ok(()));
        assert!(passes(&mut meters, 2, 0));
    }

    #[test]
    fn memory_is_bounded_and_the_busiest_are_remembered() {
        let mut meters = Meters::new(100);
        for _ in 0..50 {
            passes(&mut meters, 0, 0);
        }
        for key in 1..100_000 {
            assert!(passes(&mut meters, key, 0));
            assert!(meters.0.len() <= 100);
        }
        assert!(!passes(&mut meters, 0, 0), "an abuser is not washed out by strangers");
    }

    #[test]
    fn what_counts_nothing_any_more_is_dropped_first() {
        let mut meters = Meters::new(4);
        for key in 0..3 {
            passes(&mut meters, key, 0);
        }
        passes(&mut meters, 3, 60_000);
        passes(&mut meters, 4, 60_000);
        assert_eq!(meters.0.len(), 2);
    }

    #[test]
    fn one_place_is_enough_to_work() {
        let mut meters = Meters::new(1);
        for key in 0..10 {
            assert!(passes(&mut meters, key, 0));
            assert_eq!(meters.0.len(), 1);
        }
    }
}
