//! How publishing behaves.

use std::time::Duration;

use crate::{Timestamp, limits};

/// How publishing behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How late a post is still published, where its workspace says nothing else; later ones fail as `missed`.
    pub late: Duration,
    /// This process is the only one on the store (it holds the lock of the data directory):
    /// leases of earlier processes are void at once.
    pub alone: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { late: limits::LATE, alone: false }
    }
}

impl Settings {
    /// The latest that something which was due at `scheduled_at` may go out.
    pub(crate) fn publish_by(&self, scheduled_at: Timestamp) -> Timestamp {
        scheduled_at.plus(self.late)
    }
}
