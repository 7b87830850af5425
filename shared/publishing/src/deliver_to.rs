//! The deliveries of one account, one after the other.

use std::ops::AddAssign;

use data::Error;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use posts::{AccountId, Delivery, DeliveryStatus, DueDelivery, Share};

use crate::busy::Taken;
use crate::reach::Reach;
use crate::tick::{RENEW, Run, Task, Tasks};
use crate::{Announcer, PublishTo, Publishing, TickReport};

/// What work came to, and what there was no time for.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) report: TickReport,
    pub(crate) left: Vec<Share>,
}

impl AddAssign for Done {
    fn add_assign(&mut self, other: Self) {
        self.report += other.report;
        self.left.extend(other.left);
    }
}

/// The same of one account.
#[derive(Default)]
struct Worked {
    report: TickReport,
    left: Vec<Task>,
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Works through the tasks of all accounts at once, as far as there are places and time.
    pub(crate) async fn deliver_all(&self, tasks: Tasks, run: &Run) -> Done {
        let accounts = tasks.into_iter();
        let mut accounts: FuturesUnordered<_> =
            accounts.map(|(account, tasks)| self.deliver_to(account, tasks, run)).collect();
        let mut all = Done::default();
        while let Some(done) = accounts.next().await {
            all += done;
        }
        all
    }

    /// Works through the tasks of an account in order, while this run holds the account's lease.
    pub(crate) async fn deliver_to(&self, id: AccountId, tasks: Vec<Task>, run: &Run) -> Done {
        let mut worked = Worked::default();
        let Some(workspace) = tasks.first().map(|task| task.workspace.clone()) else {
            return Done::default();
        };
        let Some(mut taken) = self.busy.take(&id, &workspace, tasks).await else {
            return Done::default();
        };
        while let Some(tasks) = taken.tasks() {
            match self.work(&mut taken, ordered(tasks), run, &mut worked).await {
                // The account has another worker, which does the work or leaves it to the next run.
                Ok(()) | Err(Error::Conflict | Error::NotFound) => {}
                Err(error) => {
                    tracing::error!(account = %id, cause = ?error, "an account cannot be worked on; the next run tries again");
                }
            }
        }
        drop(taken);
        let Worked { report, left } = worked;
        let left: Vec<_> = left.into_iter().map(Task::into_due).collect();
        let left = (!left.is_empty()).then(|| Share::new(id, workspace, left));
        Done { report, left: left.into_iter().collect() }
    }

    async fn work(
        &self,
        taken: &mut Taken<'_>,
        tasks: Vec<Task>,
        run: &Run,
        worked: &mut Worked,
    ) -> Result<(), Error> {
        if run.is_over() {
            worked.left.extend(tasks);
            return Ok(());
        }
        // In a process that is alone on its store, what this process knows is all there is to know.
        if run.settings.alone {
            return self.work_leased(taken, tasks, run, worked).await;
        }
        let id = taken.id();
        self.data.lease_account(id, &run.me, run.clock.now(), &run.settings).await?;
        let done = self.work_leased(taken, tasks, run, worked).await;
        self.data.release_account(id, &run.me).await?;
        done
    }

    async fn work_leased(
        &self,
        taken: &mut Taken<'_>,
        tasks: Vec<Task>,
        run: &Run,
        worked: &mut Worked,
    ) -> Result<(), Error> {
        let (id, mut leased_at) = (taken.id(), run.clock.now());
        let platform = self.platform_of(&tasks).await?;
        let mut reach = self.reach(id, &platform, leased_at).await?;
        for mut task in tasks {
            // Whoever goes on begins with the first that is left.
            if run.is_over() {
                worked.left.push(task);
                continue;
            }
            taken.give_way(&task.workspace).await;
            let now = run.clock.now();
            if !run.settings.alone && now.since(leased_at) >= RENEW {
                self.data.lease_account(id, &run.me, now, &run.settings).await?;
                leased_at = now;
            }
            let after = match self.deliver_as_it_is(&mut task, &reach, run).await {
                Ok(after) => after,
                // Another worker moved this one: the write that lost changed nothing.
                Err(Error::Conflict | Error::NotFound) => {
                    task.lost();
                    continue;
                }
                // What comes later must not go first because the store does not answer.
                Err(error) if error.is_passing() => {
                    task.lost();
                    return Err(error);
                }
                Err(error) => {
                    task.lost();
                    tracing::error!(delivery = %task.delivery, cause = ?error, "a delivery is put off");
                    continue;
                }
            };
            let status = after.as_ref().map(Delivery::status);
            if status == Some(DeliveryStatus::Queued) {
                worked.left.push(task);
                continue;
            }
            worked.report += status.map(counted).unwrap_or_default();
            if let Reach::Open(to) = &reach
                && status == Some(DeliveryStatus::WaitingAccount)
            {
                reach = self.refused(to, run).await?;
            }
        }
        Ok(())
    }

    /// Delivers what was read a moment ago; if another run had the account since, and perhaps gave this one back, as it is now.
    async fn deliver_as_it_is(
        &self,
        task: &mut Task,
        reach: &Reach,
        run: &Run,
    ) -> Result<Option<Delivery>, Error> {
        let done = self.deliver(task, reach, run).await;
        let stale = task.fresh.is_some() && !run.settings.alone;
        if stale && matches!(done, Err(Error::Conflict)) {
            task.fresh = None;
            return self.deliver(task, reach, run).await;
        }
        done
    }

    /// The platform of an account, as its first delivery names it.
    async fn platform_of(&self, tasks: &[Task]) -> Result<String, Error> {
        let Some(task) = tasks.first() else { return Ok(String::new()) };
        if let Some(fresh) = &task.fresh {
            let mine = fresh.of.all().into_iter().find(|d| d.id == task.delivery);
            return Ok(mine.map(|d| d.platform).unwrap_or_default());
        }
        Ok(self.data.get_delivery(&task.post, &task.delivery).await?.platform)
    }

    /// The tasks of a share.
    pub(crate) fn tasks_of(&self, share: &Share) -> Vec<Task> {
        let task = |due: &DueDelivery| {
            let DueDelivery { scheduled_at, post, delivery } = due.clone();
            let _counted = self.waiting.count(&delivery, &share.workspace);
            let workspace = share.workspace.clone();
            Task { scheduled_at, post, delivery, workspace, fresh: None, _counted }
        };
        share.deliveries.iter().map(task).collect()
    }
}

/// Tasks in the order in which an account gets them. Of two of the same, the one that was just claimed comes first and stays.
fn ordered(mut tasks: Vec<Task>) -> Vec<Task> {
    tasks.sort_by(|a, b| a.order().cmp(&b.order()).then(b.fresh.is_some().cmp(&a.fresh.is_some())));
    tasks.dedup_by(|b, a| a.order() == b.order());
    tasks
}

fn counted(status: DeliveryStatus) -> TickReport {
    let report = TickReport::default();
    match status {
        DeliveryStatus::Published => TickReport { published: 1, ..report },
        DeliveryStatus::Failed | DeliveryStatus::Unconfirmed => TickReport { failed: 1, ..report },
        DeliveryStatus::Queued
        | DeliveryStatus::Publishing
        | DeliveryStatus::Processing
        | DeliveryStatus::Retrying
        | DeliveryStatus::WaitingAccount => TickReport { retried: 1, ..report },
    }
}
