//! End the connections of a user.

use channels::App;
use channels::terminate_connections::close;
use identity::Facts;
use protocol::UserId;
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Closes all connections that are signed in as this user, who cannot sign in again for
    /// [`DENIED_S`](protocol::limits::DENIED_S) seconds. `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn terminate_connections(
        &self,
        app: &App,
        user: &UserId,
        now_ms: u64,
    ) -> Result<(), store::Error> {
        let connections = self.store.terminate(&app.id, user, now_ms).await?;
        self.run_and_bury(close(connections)).await;
        Ok(())
    }
}
