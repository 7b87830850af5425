//! Take events from a queue that keeps them until they are stored here.

use std::collections::BTreeMap;
use std::sync::Arc;

use channels::Hook;
use data::HookWrite;
use futures::future::join_all;
use protocol::AppId;
use webhooks::event;

use crate::Notifier;
use crate::clock::now;
use crate::write::groups;

impl Notifier {
    /// Stores events, then tries each delivery once and stores what became of it. What was not taken is in the table, where
    /// [`Notifier::tick`] finds it.
    ///
    /// # Errors
    /// When they could not be stored. Some may have been: events that come again are delivered again.
    pub async fn take(self: &Arc<Self>, heard: &[(AppId, Hook)]) -> Result<(), data::Error> {
        let mut events = BTreeMap::<_, Vec<String>>::new();
        for (app, hook) in heard {
            for endpoint in self.endpoints.load().wanting(app, hook) {
                let place = (app.clone(), endpoint.id.clone());
                events.entry(place).or_default().push(event(hook));
            }
        }
        let fresh = self.deliveries(events, now());
        let writes = fresh.iter().map(|(delivery, _)| HookWrite::Add(delivery.clone())).collect();
        for group in groups(writes) {
            self.data.write_hooks(&group).await?;
        }
        let attempts = fresh.iter().filter(|(_, seat)| seat.is_some());
        join_all(attempts.map(|(delivery, _)| self.attempt(delivery, now()))).await;
        // An attempt that was taken leaves its row to the writer.
        self.flush().await;
        Ok(())
    }
}
