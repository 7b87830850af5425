//! What another run handed over.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use posts::{Parcel, Share, Timestamp};

use crate::deliver_to::Done;
use crate::tick::Run;
use crate::{Announcer, HandOver, PublishTo, Publishing, TickReport};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Does what parcels ask for, as far as it is still to be done, in a process that is ended `time` after `now`. What there
    /// is no time for is handed on. Whatever goes wrong is left to the next run of the ticker, which finds it due.
    pub async fn take_over(
        &self,
        parcels: Vec<Parcel>,
        now: Timestamp,
        time: Duration,
        others: &impl HandOver,
    ) -> TickReport {
        let run = &self.start(now, Some(time));
        let mut report = TickReport::default();
        let mut parcels: FuturesUnordered<_> =
            parcels.into_iter().map(|parcel| self.take_parcel(parcel, run, others)).collect();
        while let Some(done) = parcels.next().await {
            report += done;
        }
        report
    }

    async fn take_parcel(&self, parcel: Parcel, run: &Run, others: &impl HandOver) -> TickReport {
        let Parcel { by, shares } = parcel;
        let mut accounts: FuturesUnordered<_> =
            shares.into_iter().map(|share| self.take_share(share, &by, run)).collect();
        let mut all = Done::default();
        while let Some(done) = accounts.next().await {
            all += done;
        }
        let handed = self.hand_over(all.left, &by, run, others).await;
        TickReport { handed_over: handed.deliveries, ..all.report }
    }

    async fn take_share(&self, share: Share, by: &str, run: &Run) -> Done {
        let tasks = self.tasks_of(&share);
        let done = self.deliver_to(share.account.clone(), tasks, run).await;
        if done.left.is_empty() {
            self.handed_back(&share, by).await;
        }
        done
    }
}
