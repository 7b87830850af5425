//! End one subscription.

use channels::unsubscribe::{farewell, not_subscribed};
use channels::{Connection, Left};
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
    ) -> Result<(), Error> {
        let name = ChannelName::parse(channel).map_err(|e| Fault::note(e.to_string()))?;
        let lane = self.lanes.enter(&connection.app.id, &name).await;
        let Left::Gone(departed) = self.store.leave(connection, &name).await? else {
            return Err(not_subscribed(channel).into());
        };
        let gone = self.run(farewell(&connection.app, &connection.id, &name, &departed)).await;
        drop(lane);
        self.bury(gone).await;
        Ok(())
    }
}
