//! Publications that may be sent again: nothing is decided here, and nothing told to clients.

use identity::Facts;
use store::{Begun, Claim, Store};

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Notes that work on a publication begins, if it is to be done. `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the store does not answer; nothing is to be done then.
    pub async fn begin(&self, claim: &Claim, now_ms: u64) -> Result<Begun, store::Error> {
        self.store.begin(claim, now_ms).await
    }

    /// Notes what a publication was answered. If that cannot be noted, what was published stays published, and only
    /// whoever sends it again is told that it is under way. `now_ms`: milliseconds since the Unix epoch.
    pub async fn finish(&self, claim: &Claim, answer: &str, now_ms: u64) {
        if let Err(error) = self.store.finish(claim, answer, now_ms).await {
            tracing::error!(app = %claim.app, %error, "an answer is not kept");
        }
    }

    /// Notes that a publication was not done, so that the next attempt may begin at once.
    pub async fn give_up(&self, claim: &Claim) {
        if let Err(error) = self.store.give_up(claim).await {
            tracing::error!(app = %claim.app, %error, "a key stays taken for a while");
        }
    }
}
