//! What posts announce: to channels, and as domain events to a bus.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws::{Aws, Event};
use dashboard::News;
use dynamo::DynamoStore;
use posts::Announcement;
use publishing::Announcer;

use crate::gate::Gate;
use crate::queue::{Queue, Task};

/// Where domain events come from, for rules. Another name than that of events which come in, so that no rule feeds itself.
const SOURCE: &str = "pushbridge";
/// Most events of one call (PutEvents: 10).
const ENTRIES: usize = 10;

/// A bus for domain events. Cheap to clone: all clones see the same.
#[derive(Debug, Clone)]
pub struct Bus {
    aws: Aws,
    name: Arc<str>,
    waiting: Arc<Mutex<Vec<Event>>>,
}

impl Bus {
    /// The bus of this name.
    pub fn new(aws: &Aws, name: &str) -> Self {
        Self { aws: aws.clone(), name: name.into(), waiting: Arc::default() }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Event>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts what waits on the bus, ten at a time. What the bus does not take goes through the queue, alone.
    pub async fn flush(&self, queue: &Queue) {
        let mut events = std::mem::take(&mut *self.waiting());
        while !events.is_empty() {
            let later = events.split_off(events.len().min(ENTRIES));
            if let Err(left) = self.put(events).await {
                queue.put(&Task::PutEvents(left), Duration::from_secs(1));
            }
            events = later;
        }
    }

    /// Puts at most ten events on the bus.
    ///
    /// # Errors
    /// Those that it did not take.
    pub async fn put(&self, events: Vec<Event>) -> Result<(), Vec<Event>> {
        self.aws.put_events(&self.name, events).await.map_err(|failure| {
            tracing::warn!(
                events = failure.left.len(),
                why = failure.why,
                "the bus did not take events"
            );
            failure.left
        })
    }
}

/// Sends announcements to the channels of the first app, and keeps them for the bus if there is one.
pub struct Announcing {
    news: News<DynamoStore, Gate>,
    bus: Option<Bus>,
}

impl Announcing {
    /// To channels by `news`.
    pub fn new(news: News<DynamoStore, Gate>, bus: Option<Bus>) -> Self {
        Self { news, bus }
    }
}

impl Announcer for Announcing {
    async fn announce(&self, announcement: Announcement) {
        if let Some(bus) = &self.bus {
            bus.waiting().push(Event {
                source: SOURCE.to_owned(),
                detail_type: announcement.event.replacen(':', ".", 1),
                detail: announcement.data.clone(),
            });
        }
        self.news.announce(announcement).await;
    }
}
