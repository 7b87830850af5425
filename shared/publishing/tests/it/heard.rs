//! What was announced.

use std::sync::{Arc, Mutex};

use posts::Announcement;
use publishing::Announcer;
use serde_json::Value;
use tokio::sync::Notify;

/// Everything that was announced, in order.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<Announcement>>>, Arc<Notify>);

impl Announcer for Heard {
    async fn announce(&self, announcement: Announcement) {
        self.0.lock().unwrap().push(announcement);
        self.1.notify_one();
    }
}

impl Heard {
    /// Waits until so many of these events were announced.
    pub(crate) async fn until(&self, count: usize, event: &str) {
        while self.of(event).len() < count {
            self.1.notified().await;
        }
    }

    pub(crate) fn all(&self) -> Vec<Announcement> {
        self.0.lock().unwrap().clone()
    }

    /// The envelopes of one event, or of all if it is empty.
    pub(crate) fn of(&self, event: &str) -> Vec<Value> {
        let all = self.all();
        let of = all.iter().filter(|a| event.is_empty() || a.event == event);
        of.map(|a| serde_json::from_str(&a.data).unwrap()).collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.all().into_iter().map(|a| a.event).collect()
    }
}
