//! An event from one client to the others on a channel.

use channels::Connection;
use channels::client_event::{check, deliver};
use identity::Facts;
use protocol::ClientEvent;
use store::Store;

use crate::error::Error;
use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    pub(crate) async fn client_event(
        &self,
        connection: &Connection,
        event: ClientEvent,
        now_ms: u64,
    ) -> Result<(), Error> {
        let speech = check(&connection.app, event)?;
        let spoken = self.store.speak(connection, &speech.channel, now_ms).await?;
        let effect = deliver(connection, &speech, spoken)?;
        let lane = self.lanes.enter(&connection.app.id, &speech.channel).await;
        let gone = self.run(vec![effect]).await;
        drop(lane);
        self.bury(gone).await;
        Ok(())
    }
}
