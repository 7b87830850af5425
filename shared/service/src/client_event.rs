//! An event from one client to the others on a channel.

use channels::Connection;
use channels::client_event::{allow, check, deliver, keep};
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
        let user_id = allow(connection, &speech, spoken)?;
        let app = &connection.app;
        let lane = self.lanes.enter(&app.id, &speech.channel).await;
        let keep = keep(app, &speech, user_id.as_ref());
        let serial = self.keep(&app.id, &speech.channel, keep, now_ms).await?;
        let gone = self.deliver(deliver(connection, speech, user_id, serial)).await?;
        drop(lane);
        self.bury(gone).await;
        Ok(())
    }
}
