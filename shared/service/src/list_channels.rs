//! The occupied channels of an app.

use channels::{App, Counts, ListChannels};
use identity::Facts;
use protocol::ChannelName;
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Answers the occupied channels with their counts, in order of their names.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list_channels(
        &self,
        app: &App,
        ask: &ListChannels,
    ) -> Result<Vec<(ChannelName, Counts)>, store::Error> {
        self.store.list_channels(&app.id, &ask.prefix).await
    }
}
