//! Subscribe a connection to a channel.

use channels::subscribe::{Checked, Refused, check, welcome};
use channels::{Connection, Join};
use identity::{Facts, Scope, allows};
use protocol::Subscribe;
use store::Store;

use crate::error::Error;
use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    pub(crate) async fn subscribe(
        &self,
        connection: &Connection,
        ask: &Subscribe,
    ) -> Result<(), Error> {
        let join = match check(&connection.app, connection, ask)? {
            Checked::Open(join) => join,
            Checked::AskPolicy(join) => self.ask_policy(connection, join).await?,
        };
        self.join(connection, &join).await
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
    pub(crate) async fn join(&self, connection: &Connection, join: &Join) -> Result<(), Error> {
        let lane = self.lanes.enter(&connection.app.id, &join.channel).await;
        let joined = self.store.join(connection, join).await?;
        let gone = self.run(welcome(connection, join, &joined)?).await;
        drop(lane);
        self.bury(gone).await;
        Ok(())
    }
}
