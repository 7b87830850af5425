//! Subscribe a connection to a channel.

use channels::subscribe::{Checked, Refused, check, recall, welcome};
use channels::{Asked, Connection, Effect, Join, Joined};
use identity::{Facts, Scope, allows};
use protocol::{ChannelName, Subscribe};
use store::Store;

use crate::error::Error;
use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    pub(crate) async fn subscribe(
        &self,
        connection: &Connection,
        ask: &Subscribe,
        asked: Asked,
        now_ms: u64,
    ) -> Result<(), Error> {
        let join = match check(&connection.app, connection, ask)? {
            Checked::Open(join) => join,
            Checked::AskPolicy(join) => self.ask_policy(connection, join).await?,
        };
        self.join(connection, &join, asked, now_ms).await
    }

    async fn ask_policy(&self, connection: &Connection, join: Join) -> Result<Join, Refused> {
        let scope = Scope::of(&join.channel);
        let facts = match &scope {
            Scope::Post(id) => self.facts.post(id).await,
            _ => None,
        };
        let prefixes = &connection.app.user_prefixes;
        let allowed = connection
            .user
            .as_ref()
            .is_some_and(|user| allows(user, &scope, facts.as_ref(), prefixes));
        if allowed { Ok(join) } else { Err(Refused::forbidden(&join.channel)) }
    }

    /// The store change and what everyone is told of it.
    pub(crate) async fn join(
        &self,
        connection: &Connection,
        join: &Join,
        asked: Asked,
        now_ms: u64,
    ) -> Result<(), Error> {
        let lane = self.lanes.enter(&connection.app.id, &join.channel).await;
        let joined = self.store.join(connection, join, asked).await?;
        let mut effects = welcome(connection, join, &joined)?;
        let (app, channel) = (&connection.app, &join.channel);
        match joined {
            Joined::New { subscriptions, .. } => {
                effects.extend(self.count(app, channel, subscriptions).await?);
                if channel.is_cached() {
                    effects.extend(self.recall(connection, channel, now_ms).await?);
                }
            }
            Joined::Passing { departed, .. } => {
                effects.extend(self.count(app, channel, departed.subscriptions).await?);
            }
            _ => {}
        }
        let gone = self.run(effects).await;
        drop(lane);
        self.bury(gone).await;
        Ok(())
    }

    async fn recall(
        &self,
        connection: &Connection,
        channel: &ChannelName,
        now_ms: u64,
    ) -> Result<Vec<Effect>, store::Error> {
        let app = &connection.app.id;
        let cached = self.store.cached(app, channel, now_ms).await?;
        let news = cached.is_none() && self.store.miss(app, channel, now_ms).await?;
        Ok(recall(connection, channel, cached.as_ref(), news))
    }
}
