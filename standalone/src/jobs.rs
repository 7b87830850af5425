//! What the push core wants to look at again: kept in order of time until it is due, or the server ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use channels::Job;
use registry::Registry;
use store::Store;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::sockets::Sockets;

/// The push core as one machine runs it, on either store.
pub(crate) type Core<S> = dashboard::Core<S, Sockets>;

/// Takes jobs. There are never more of them than connections and their subscriptions.
#[derive(Clone)]
pub(crate) struct Timer(UnboundedSender<(Instant, Job)>);

/// The jobs that were taken.
pub(crate) struct Due {
    taken: UnboundedReceiver<(Instant, Job)>,
    /// By time, and by arrival among those of one time.
    waiting: BTreeMap<(Instant, u64), Job>,
    arrivals: u64,
}

/// A timer and what comes out of it.
pub(crate) fn timer() -> (Timer, Due) {
    let (sender, taken) = unbounded_channel();
    (Timer(sender), Due { taken, waiting: BTreeMap::new(), arrivals: 0 })
}

impl Timer {
    pub(crate) fn set(&self, after: Duration, job: Job) {
        // Without a receiver the server has ended, and nobody is left to be told.
        let _ = self.0.send((Instant::now() + after, job));
    }
}

impl Due {
    /// The next job, when it is due. What is not waited for to the end is not lost.
    async fn next(&mut self) -> Job {
        loop {
            let first = self.waiting.keys().next().map(|(at, _)| *at);
            let at = first.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
            tokio::select! {
                Some(it) = self.taken.recv() => self.wait_for(it),
                () = sleep_until(at) => {
                    if let Some((_, job)) = self.waiting.pop_first() {
                        return job;
                    }
                }
            }
        }
    }

    /// The next job, whenever it would be due.
    fn at_once(&mut self) -> Option<Job> {
        while let Ok(it) = self.taken.try_recv() {
            self.wait_for(it);
        }
        self.waiting.pop_first().map(|(_, job)| job)
    }

    fn wait_for(&mut self, (at, job): (Instant, Job)) {
        self.arrivals += 1;
        self.waiting.insert((at, self.arrivals), job);
    }
}

/// Runs jobs as they become due. At the `end` those that are left are certain: nobody comes back to a server that
/// goes away, and the applications' servers are to know.
pub(crate) async fn run<S: Store>(
    mut due: Due,
    core: Arc<Core<S>>,
    mut end: oneshot::Receiver<()>,
) {
    loop {
        tokio::select! {
            job = due.next() => core.look_again(job).await,
            _ = &mut end => break,
        }
    }
    while let Some(job) = due.at_once() {
        core.look_again(job).await;
    }
}

/// Ends the connections of apps that are switched off, for as long as the server runs.
pub(crate) async fn end_disabled<S: Store>(mut changes: watch::Receiver<u64>, core: Arc<Core<S>>) {
    while changes.changed().await.is_ok() {
        core.close_disabled(core.outbox().ids()).await;
    }
}

/// How often it is asked whether the apps table is to be read again.
const LOOK: Duration = Duration::from_secs(1);

/// Sees what others wrote into the apps table, for as long as the server runs.
pub(crate) async fn keep_apps_fresh(registry: Arc<Registry>) {
    let mut clock = interval(LOOK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        clock.tick().await;
        if let Err(error) = registry.refresh_when_due(now_ms()).await {
            tracing::warn!(%error, "the apps table cannot be read; what was served before stays");
        }
    }
}

/// Milliseconds since the Unix epoch: the clock of the push core.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use protocol::ConnectionId;

    use super::*;

    fn job(name: &str) -> Job {
        Job::Authorize { connection: ConnectionId::new(name) }
    }

    #[tokio::test]
    async fn jobs_come_in_order_of_time_and_at_the_end_at_once() {
        const NEVER: Duration = Duration::from_secs(86_400);
        let (timer, mut due) = timer();
        timer.set(NEVER * 2, job("later"));
        timer.set(NEVER, job("late"));
        timer.set(Duration::from_millis(1), job("second"));
        timer.set(Duration::ZERO, job("first"));
        assert_eq!(due.next().await, job("first"));
        assert_eq!(due.next().await, job("second"));
        timer.set(Duration::ZERO, job("third"));
        let all: Vec<Job> = std::iter::from_fn(|| due.at_once()).collect();
        assert_eq!(all, ["third", "late", "later"].map(job));
    }
}
