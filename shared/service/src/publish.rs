//! Publish an event of an application.

use channels::publish::deliver;
use channels::{App, Counts, Publish};
use identity::Facts;
use protocol::ChannelName;
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Delivers to every channel; answers with the counts that were asked for, as of the delivery.
    /// `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the store does not answer; some channels may have been served.
    pub async fn publish(
        &self,
        app: &App,
        publish: &Publish,
        _now_ms: u64,
    ) -> Result<Vec<(ChannelName, Counts)>, store::Error> {
        let except = match publish.except {
            Some(socket) => self.store.socket(&app.id, socket).await?,
            None => None,
        };
        let mut counts = Vec::new();
        for channel in &publish.channels {
            let effect = deliver(app, publish, channel, except.clone());
            let lane = self.lanes.enter(&app.id, channel).await;
            let gone = self.run(vec![effect]).await;
            drop(lane);
            self.bury(gone).await;
            if publish.info.any() {
                counts.push((channel.clone(), self.store.counts(&app.id, channel).await?));
            }
        }
        Ok(counts)
    }
}
