//! Where events arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use channels::Hook;
use protocol::AppId;
use tokio::sync::mpsc;
use webhooks::SharedEndpoints;

use crate::write::Entry;

/// Takes the events of all apps. Cheap to clone.
#[derive(Clone)]
pub struct Hooks {
    endpoints: SharedEndpoints,
    queue: mpsc::Sender<Entry>,
    lost: Arc<AtomicU64>,
}

impl Hooks {
    pub(crate) fn new(endpoints: SharedEndpoints, queue: mpsc::Sender<Entry>) -> Self {
        Self { endpoints, queue, lost: Arc::default() }
    }

    /// One that takes nothing, for servers without webhooks.
    pub fn closed() -> Self {
        Self::new(SharedEndpoints::default(), mpsc::channel(1).0)
    }

    /// Takes an event if anybody wants it. Never waits: what the store cannot keep up with is dropped and counted,
    /// because webhooks must not hold up the push core.
    pub fn accept(&self, app: &AppId, hook: Hook) {
        if !self.endpoints.want(app, &hook) {
            return;
        }
        if self.queue.try_send(Entry::Heard(app.clone(), hook)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many events were dropped and not yet reported.
    pub(crate) fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lost)
    }
}
