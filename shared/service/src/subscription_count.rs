//! Tell a channel's subscribers how many they are.

use channels::subscription_count::{Telling, later, tell, when};
use channels::{App, Effect};
use identity::Facts;
use protocol::ChannelName;
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// What follows from a changed number of subscriptions. The caller is in the channel's lane.
    pub(crate) async fn count(
        &self,
        app: &App,
        channel: &ChannelName,
        subscriptions: usize,
    ) -> Result<Vec<Effect>, store::Error> {
        match when(app, channel, subscriptions) {
            Telling::Never => Ok(Vec::new()),
            Telling::Now => Ok(tell(app, channel, subscriptions)),
            Telling::Later => {
                let first = self.store.hold_count(&app.id, channel).await?;
                Ok(first.then(|| later(app, channel)).into_iter().collect())
            }
        }
    }
}
