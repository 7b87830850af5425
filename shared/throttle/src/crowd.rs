//! One of a kind for each of many keys, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;

/// What is remembered of a key.
pub(crate) trait Kept: Default {
    /// Who is kept when there is no room for all: those who did most lately.
    type Weight: Ord + Copy;

    /// Whether a new one would do the same.
    fn is_new(&self, now_ms: u64) -> bool;

    /// What it weighs.
    fn weight(&self) -> Self::Weight;
}

/// Things by key, at most so many. When they are too many, those that count nothing any more go first,
/// then the quarter that did least; a key that went starts anew.
#[derive(Debug)]
pub(crate) struct Crowd<K, T> {
    all: HashMap<K, T>,
    most: usize,
}

impl<K: Hash + Eq, T: Kept> Crowd<K, T> {
    /// Nobody yet, and never more than `most`.
    pub(crate) fn new(most: usize) -> Self {
        Self { all: HashMap::new(), most }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// What is remembered of a key, if something is.
    pub(crate) fn get(&self, key: &K) -> Option<&T> {
        self.all.get(key)
    }

    /// The one of a key.
    pub(crate) fn of(&mut self, key: K, now_ms: u64) -> &mut T {
        if self.all.len() >= self.most && !self.all.contains_key(&key) {
            self.make_room(now_ms);
        }
        self.all.entry(key).or_default()
    }

    /// Drops what is not needed, and more if that is too little. The work is paid for by the insertions
    /// before: at least a quarter of the room is free afterwards.
    fn make_room(&mut self, now_ms: u64) {
        self.all.retain(|_, it| !it.is_new(now_ms));
        let keep = self.most - self.most.div_ceil(4);
        if self.all.len() <= keep {
            return;
        }
        let mut weights: Vec<_> = self.all.values().map(Kept::weight).collect();
        let drop = weights.len() - keep;
        let (_, limit, _) = weights.select_nth_unstable(drop - 1);
        let limit = *limit;
        let mut left = drop;
        self.all.retain(|_, it| {
            let goes = left > 0 && it.weight() <= limit;
            left -= usize::from(goes);
            !goes
        });
    }
}
