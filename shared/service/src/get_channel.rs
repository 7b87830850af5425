//! How one channel stands.

use channels::{App, Counts};
use identity::Facts;
use protocol::ChannelName;
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Counts who is on a channel; zeros when nobody is.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn get_channel(
        &self,
        app: &App,
        channel: &ChannelName,
    ) -> Result<Counts, store::Error> {
        self.store.counts(&app.id, channel).await
    }
}
