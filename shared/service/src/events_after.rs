//! What a client missed.

use channels::{App, Cached, EventsAfter, Missed};
use identity::Facts;
use protocol::ChannelName;
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Answers what a channel's history holds after a serial, in order.
    /// `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn events_after(
        &self,
        app: &App,
        ask: &EventsAfter,
        now_ms: u64,
    ) -> Result<Missed, store::Error> {
        self.store.events_after(&app.id, ask, now_ms).await
    }

    /// Answers the last event of a cache channel, if it is still kept.
    /// `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn cached(
        &self,
        app: &App,
        channel: &ChannelName,
        now_ms: u64,
    ) -> Result<Option<Cached>, store::Error> {
        self.store.cached(&app.id, channel, now_ms).await
    }
}
