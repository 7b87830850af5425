//! Publish an event of an application.

use channels::publish::{deliver, keep};
use channels::{App, Counts, Keep, Publish};
use identity::Facts;
use protocol::{AppId, ChannelName, Serial};
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Delivers to every channel; answers with the counts that were asked for, as of the delivery.
    /// `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the store does not answer, also to the question who is subscribed; some channels may have been served.
    pub async fn publish(
        &self,
        app: &App,
        publish: &Publish,
        now_ms: u64,
    ) -> Result<Vec<(ChannelName, Counts)>, store::Error> {
        let mut counts = Vec::new();
        for channel in &publish.channels {
            let lane = self.lanes.enter(&app.id, channel).await;
            let serial = self.keep(&app.id, channel, keep(app, publish, channel), now_ms).await?;
            let gone = self.deliver([deliver(app, publish, channel, serial)]).await?;
            drop(lane);
            self.bury(gone).await;
            if publish.info.any() {
                counts.push((channel.clone(), self.store.counts(&app.id, channel).await?));
            }
        }
        self.outbox.hand_on(&app.id, publish).await;
        Ok(counts)
    }

    /// Remembers an event where the channel does that; answers its serial if it got one.
    pub(crate) async fn keep(
        &self,
        app: &AppId,
        channel: &ChannelName,
        keep: Option<Keep>,
        now_ms: u64,
    ) -> Result<Option<Serial>, store::Error> {
        match keep {
            None => Ok(None),
            Some(keep) => self.store.keep(app, channel, keep, now_ms).await,
        }
    }
}
