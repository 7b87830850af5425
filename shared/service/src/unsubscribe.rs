//! End one subscription.

use channels::unsubscribe::{farewell, not_subscribed};
use channels::{Asked, Connection, Leaving, Left};
use identity::Facts;
use protocol::{ChannelName, Fault};
use store::Store;

use crate::error::Error;
use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    pub(crate) async fn unsubscribe(
        &self,
        connection: &Connection,
        channel: &str,
        asked: Asked,
    ) -> Result<(), Error> {
        let name = ChannelName::parse(channel).map_err(|e| Fault::note(e.to_string()))?;
        let lane = self.lanes.enter(&connection.app.id, &name).await;
        let leaving = Leaving::Clean;
        let departed = match self.store.leave(connection, &name, leaving, asked).await? {
            Left::Gone(departed) => departed,
            Left::NotSubscribed => return Err(not_subscribed(channel).into()),
            Left::Overtaken => return Ok(()),
        };
        let mut effects = farewell(&connection.app, &connection.id, &name, &departed, leaving);
        effects.extend(self.count(&connection.app, &name, departed.subscriptions).await?);
        let gone = self.run(effects).await;
        drop(lane);
        self.bury(gone).await;
        Ok(())
    }
}
