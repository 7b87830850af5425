//! A map cut into pieces with a lock each, so that busy channels do not wait for each other.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 64;

pub(super) struct Shards<K, V> {
    maps: Box<[Mutex<HashMap<K, V>>]>,
    hasher: RandomState,
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        let maps = (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect();
        Self { maps, hasher: RandomState::new() }
    }
}

impl<K: Hash + Eq, V> Shards<K, V> {
    /// The piece that this key belongs to. A panic elsewhere left it whole: every change
    /// to a piece is one map operation.
    pub(super) fn lock(&self, key: &K) -> MutexGuard<'_, HashMap<K, V>> {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        self.maps[hash].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pieces one after the other, each locked while it is looked at.
    pub(super) fn each(&self) -> impl Iterator<Item = MutexGuard<'_, HashMap<K, V>>> {
        self.maps.iter().map(|map| map.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Drops the values that are not to be kept, one piece after the other.
    pub(super) fn retain(&self, mut keep: impl FnMut(&mut V) -> bool) {
        for map in &self.maps {
            map.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, value| keep(value));
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.maps.iter().all(|map| map.lock().expect("not poisoned").is_empty())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.maps.iter().map(|map| map.lock().expect("not poisoned").len()).sum()
    }
}
