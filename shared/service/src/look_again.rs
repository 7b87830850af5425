//! A job is due.

use channels::Job;
use identity::Facts;
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Looks at something again, as an [`Outbox::later`] asked. Safe to call late and twice.
    /// `now_ms`: milliseconds since the Unix epoch.
    pub async fn look_again(&self, job: Job, _now_ms: u64) {
        tracing::trace!(?job, "nothing waits for this");
    }
}
