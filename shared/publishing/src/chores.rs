//! Work that comes again whatever posts there are, done by the same ticker: by one worker of all, once a day each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use data::{Chore, Error};
use posts::Timestamp;
use tokio::time::timeout;

use crate::tick::Run;
use crate::{Announcer, PublishTo, Publishing};

/// How often each comes.
const PERIOD: Duration = Duration::from_secs(24 * 3600);
/// How long one may take. What is left is done the next time; nothing is half done.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether this process has seen to it that chores are planned.
#[derive(Debug, Default)]
pub(crate) struct Planned(AtomicBool);

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Plans chores that no process planned before; the first run of each is now.
    pub(crate) async fn plan_chores(&self, now: Timestamp) {
        if self.planned.0.load(Ordering::Relaxed) {
            return;
        }
        for chore in Chore::ALL {
            if let Err(cause) = self.data.plan_chore(chore, now).await {
                tracing::error!(?chore, ?cause, "a chore is not planned; the next run tries again");
                return;
            }
        }
        self.planned.0.store(true, Ordering::Relaxed);
    }

    /// Does a chore that is due, unless another worker does.
    pub(crate) async fn do_chore(&self, chore: Chore, run: &Run) {
        // Counted from the beginning of the run, a day stays a day.
        let now = run.clock.began();
        match self.data.take_chore(chore, now, now.plus(PERIOD)).await {
            Ok(()) => {}
            Err(Error::Conflict) => return,
            Err(cause) => {
                tracing::error!(?chore, ?cause, "a chore is put off; the next run tries again");
                return;
            }
        }
        let work = async {
            match chore {
                Chore::SweepMedia => drop(self.sweep_media(now).await),
                Chore::RenewTokens => self.renew_ending(now).await,
            }
        };
        if timeout(PATIENCE, work).await.is_err() {
            tracing::warn!(?chore, "a chore took too long; the rest is done the next time");
        }
    }
}
