//! One channel's changes happen one after the other, together with what everyone is told of them.
//! Without that a leave could overtake the roster of a join and leave a ghost in it.

use std::hash::{BuildHasher, RandomState};

use protocol::{AppId, ChannelName};
use tokio::sync::{Mutex, MutexGuard};

/// Locks shared by all channels. Two channels on one lock only wait a little longer.
const LANES: usize = 512;

pub(crate) struct Lanes {
    locks: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { locks: (0..LANES).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }
}

impl Lanes {
    /// Waits for the channel's turn, first come first served. Never hold two lanes at once.
    pub(crate) async fn enter(&self, app: &AppId, channel: &ChannelName) -> MutexGuard<'_, ()> {
        self.lane((app, channel.as_str())).await
    }

    /// Waits for the turn of an app's users: who comes and goes, and who watches that. No channel has this name.
    pub(crate) async fn enter_users(&self, app: &AppId) -> MutexGuard<'_, ()> {
        self.lane((app, "")).await
    }

    async fn lane(&self, name: (&AppId, &str)) -> MutexGuard<'_, ()> {
        let hash = self.hasher.hash_one(name) % LANES as u64;
        self.locks[usize::try_from(hash).unwrap_or_default()].lock().await
    }
}
