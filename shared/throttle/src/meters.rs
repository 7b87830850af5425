//! A meter for each of many, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;

use crate::{Meter, Rate, Verdict};

/// Meters by key, at most so many. When they are too many, those that count nothing any more go first,
/// then the quarter that did least; a key that went starts anew.
#[derive(Debug)]
pub struct Meters<K> {
    meters: HashMap<K, Meter>,
    most: usize,
}

impl<K: Hash + Eq> Meters<K> {
    /// No meters yet, and never more than `most`.
    pub fn new(most: usize) -> Self {
        Self { meters: HashMap::new(), most }
    }

    /// Counts one for a key.
    pub fn count(&mut self, key: K, rate: Rate, now_ms: u64) -> Verdict {
        if self.meters.len() >= self.most && !self.meters.contains_key(&key) {
            self.make_room(now_ms);
        }
        self.meters.entry(key).or_default().count(rate, now_ms)
    }

    /// Whether one more would pass for a key. Nothing is counted.
    ///
    /// # Errors
    /// When it would not: the milliseconds until it would.
    pub fn wait_ms(&self, key: &K, rate: Rate, now_ms: u64) -> Result<(), u64> {
        self.meters.get(key).map_or(Ok(()), |meter| meter.wait_ms(rate, now_ms))
    }

    /// Drops what is not needed, and more if that is too little. The work is paid for by the insertions
    /// before: at least a quarter of the room is free afterwards.
    fn make_room(&mut self, now_ms: u64) {
        self.meters.retain(|_, meter| !meter.is_new(now_ms));
        let keep = self.most - self.most.div_ceil(4);
        if self.meters.len() <= keep {
            return;
        }
        let mut weights: Vec<_> = self.meters.values().map(Meter::weight).collect();
        let drop = weights.len() - keep;
        let (_, limit, _) = weights.select_nth_unstable(drop - 1);
        let limit = *limit;
        let mut left = drop;
        self.meters.retain(|_, meter| {
            let goes = left > 0 && meter.weight() <= limit;
            left -= usize::from(goes);
            !goes
        });
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
            assert!(meters.meters.len() <= 100);
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
        assert_eq!(meters.meters.len(), 2);
    }

    #[test]
    fn one_place_is_enough_to_work() {
        let mut meters = Meters::new(1);
        for key in 0..10 {
            assert!(passes(&mut meters, key, 0));
            assert_eq!(meters.meters.len(), 1);
        }
    }
}
