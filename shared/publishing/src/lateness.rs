//! How late posts went out, for whoever watches the server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use posts::{Delivery, Timestamp};

use crate::Publishing;

/// The most since somebody asked, milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Late(AtomicU64);

impl Late {
    /// Something due at `due` was begun, or given up, at `at`.
    pub(crate) fn note(&self, due: Timestamp, at: Timestamp) {
        let ms = u64::try_from(at.since(due).as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_max(ms, Ordering::Relaxed);
    }

    /// A delivery is about to be sent. Only the first time counts: later ones are late because a platform was.
    pub(crate) fn armed(&self, armed: &Delivery, at: Timestamp) {
        if armed.attempt == 1 {
            self.note(armed.scheduled_at, at);
        }
    }
}

impl<P, A> Publishing<P, A> {
    /// How long after its time the latest delivery was sent, or post given up, since the last question; nothing if none was.
    pub fn take_lateness(&self) -> Duration {
        Duration::from_millis(self.late.0.swap(0, Ordering::Relaxed))
    }
}
