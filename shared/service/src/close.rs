//! A connection is over: everything of it ends, and those who shared a channel learn it.

use channels::sign_in::lost;
use channels::unsubscribe::{farewell, leaving};
use channels::{Asked, Connection, Effect, Left};
use identity::Facts;
use protocol::{ChannelName, ConnectionId};
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Forgets a connection. Safe to call twice.
    pub async fn close(&self, id: &ConnectionId) {
        self.bury(vec![id.clone()]).await;
    }

    /// Closes connections, and those that turn out to be over while the others are told.
    pub(crate) async fn bury(&self, mut gone: Vec<ConnectionId>) {
        while let Some(id) = gone.pop() {
            let closed = match self.store.close(&id).await {
                Ok(Some(closed)) => closed,
                Ok(None) => continue,
                Err(error) => {
                    tracing::error!(connection = %id, %error, "a connection was not closed");
                    continue;
                }
            };
            // Whoever receives hooks since a moment ago hears of this leave, too.
            let connection = self.current(closed.connection);
            if let Some(user) = closed.user {
                gone.extend(self.run(vec![lost(&connection, user)]).await);
            }
            for channel in &closed.channels {
                gone.extend(self.part(&connection, channel).await);
            }
        }
    }

    /// Ends one subscription of a closed connection; answers who turned out to be over as well.
    async fn part(&self, connection: &Connection, channel: &ChannelName) -> Vec<ConnectionId> {
        let _lane = self.lanes.enter(&connection.app.id, channel).await;
        match self.lose(connection, channel).await {
            Ok(effects) => self.run(effects).await,
            Err(error) => {
                tracing::error!(connection = %connection.id, %channel, %error, "a channel was not left");
                Vec::new()
            }
        }
    }

    async fn lose(
        &self,
        connection: &Connection,
        channel: &ChannelName,
    ) -> Result<Vec<Effect>, store::Error> {
        let app = &connection.app;
        let leaving = leaving(app, channel);
        let left = self.store.leave(connection, channel, leaving, Asked::LAST).await?;
        let Left::Gone(departed) = left else {
            return Ok(Vec::new());
        };
        let mut effects = farewell(app, &connection.id, channel, &departed, leaving);
        effects.extend(self.count(app, channel, departed.subscriptions).await?);
        Ok(effects)
    }
}
