//! What this process knows of large channels: in how many shards their members are. A hint, good for newcomers: a channel
//! that is not known here has one shard, and no more are ever read than its row says.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use protocol::ConnectionId;

use crate::keys::{Place, shard_of};

/// Most channels that are remembered. Ours: those beyond begin anew, and cost a write more once.
const MOST: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Shards(Mutex<HashMap<String, u32>>);

impl Shards {
    /// How many shards a channel has, as far as is known.
    pub(crate) fn of(&self, place: &Place) -> u32 {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&place.shard(0)).copied().unwrap_or(1)
    }

    /// The shard that a connection's member is likely in.
    pub(crate) fn guess(&self, place: &Place, id: &ConnectionId) -> u32 {
        shard_of(id, self.of(place))
    }

    /// Remembers how many shards a channel has.
    pub(crate) fn note(&self, place: &Place, shards: u32) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shards <= 1 {
            known.remove(&place.shard(0));
            return;
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(place.shard(0), shards);
    }
}
