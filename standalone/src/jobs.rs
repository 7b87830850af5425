//! What the push core wants to look at again: kept by the runtime's timers until it is due.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use channels::Job;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::dashboard::Core;

/// Takes jobs. There are never more of them than connections and their subscriptions.
#[derive(Clone)]
pub(crate) struct Timer(UnboundedSender<Job>);

/// The jobs that are due.
pub(crate) struct Due(UnboundedReceiver<Job>);

/// A timer and what comes out of it.
pub(crate) fn timer() -> (Timer, Due) {
    let (sender, receiver) = unbounded_channel();
    (Timer(sender), Due(receiver))
}

impl Timer {
    pub(crate) fn set(&self, after: Duration, job: Job) {
        let due = self.0.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            // Without a receiver the server is stopping, and nobody is left to be told.
            let _ = due.send(job);
        });
    }
}

/// Runs jobs as they become due, for as long as the server runs.
pub(crate) async fn run(mut due: Due, core: Arc<Core>) {
    while let Some(job) = due.0.recv().await {
        core.look_again(job).await;
    }
}

/// Ends the connections of apps that are switched off, for as long as the server runs.
pub(crate) async fn end_disabled(mut changes: watch::Receiver<u64>, core: Arc<Core>) {
    while changes.changed().await.is_ok() {
        core.close_disabled(core.outbox().ids()).await;
    }
}

/// Milliseconds since the Unix epoch: the clock of the push core.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
