//! The users on a presence channel.

use channels::App;
use identity::Facts;
use protocol::{ChannelName, UserId};
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Answers each user once, in order of their ids; none when nobody is there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list_users(
        &self,
        app: &App,
        channel: &ChannelName,
    ) -> Result<Vec<UserId>, store::Error> {
        self.store.list_users(&app.id, channel).await
    }
}
