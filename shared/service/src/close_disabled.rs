//! Apps that are switched off: their connections end.

use channels::connect::disabled;
use identity::Facts;
use protocol::ConnectionId;
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Ends those of these connections whose app is switched off or gone.
    pub async fn close_disabled(&self, among: Vec<ConnectionId>) {
        for id in among {
            let Some(connection) = self.known(&id).await else { continue };
            let apps = self.apps.load();
            if !apps.by_id(&connection.app.id).is_some_and(|app| app.enabled) {
                self.outbox.close(&id, &disabled()).await;
            }
        }
    }
}
