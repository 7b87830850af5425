//! One run of the ticker.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use data::{Chore, Due};
use futures::future::{join, join_all};
use futures::{StreamExt, stream};
use posts::{
    AccountId, Delivery, DeliveryId, DueDelivery, JobId, PostId, SeriesId, Settings, Share,
    Timestamp, Worker, WorkspaceId, limits,
};

use crate::backlog::Backlog;
use crate::budget::Budget;
use crate::claim_posts::{Batch, TOGETHER};
use crate::claimed::Claimed;
use crate::clock::Clock;
use crate::gathered::Gathered;
use crate::waiting::Counted;
use crate::{Announcer, HandOver, PublishTo, Publishing, TickReport, numbers};

/// Most accounts that a process publishes to at once, over all its runs. Source: the load that one machine is for.
pub(crate) const IN_FLIGHT: usize = 256;

/// Most posts that one run claims at once, where each is claimed alone. Ours: claims wait for the store, not for platforms.
const CLAIMS_AT_ONCE: usize = 64;

/// One run: who works, since when, by which rules.
pub(crate) struct Run {
    pub(crate) me: Worker,
    pub(crate) clock: Clock,
    /// What is due until then is looked at: usually the time that the run was given.
    pub(crate) horizon: Timestamp,
    pub(crate) settings: Settings,
    /// Until when it begins things, on a host that ends it.
    pub(crate) budget: Option<Budget>,
}

impl Run {
    /// Whether there is time to claim posts.
    fn may_claim(&self) -> bool {
        self.budget.is_none_or(|budget| self.clock.now() < budget.claims)
    }

    /// Whether a delivery of a post that was just read is to be looked at: one that this run reserved is its own.
    fn is_due(&self, delivery: &Delivery) -> bool {
        let due = delivery.due_at().is_some_and(|at| at <= self.clock.now());
        due || delivery.is_reserved() && self.settings.alone
    }

    /// Whether it is too late to take a delivery up.
    pub(crate) fn is_over(&self) -> bool {
        self.budget.is_some_and(|budget| self.clock.now() >= budget.deliveries)
    }

    /// Whether it is too late for a call to a platform.
    pub(crate) fn is_too_late_to_call(&self) -> bool {
        self.budget.is_some_and(|budget| self.clock.now() >= budget.attempts)
    }
}

/// A delivery to look at. They are ordered as they must go out to an account.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) scheduled_at: Timestamp,
    pub(crate) post: PostId,
    pub(crate) delivery: DeliveryId,
    pub(crate) workspace: WorkspaceId,
    /// The post and its deliveries, if this run has just claimed them or read that another one did.
    pub(crate) fresh: Option<Fresh>,
    pub(crate) _counted: Counted,
}

/// A delivery whose post was just claimed or read.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) of: Arc<Claimed>,
    /// What its first attempt sends, if that is stored.
    pub(crate) payload: Option<String>,
}

impl Task {
    /// How tasks of an account are ordered.
    pub(crate) fn order(&self) -> (Timestamp, &PostId, &DeliveryId) {
        (self.scheduled_at, &self.post, &self.delivery)
    }

    /// What of it goes into a message.
    pub(crate) fn into_due(self) -> DueDelivery {
        let Self { scheduled_at, post, delivery, .. } = self;
        DueDelivery { scheduled_at, post, delivery }
    }
}

/// Deliveries by account.
pub(crate) type Tasks = BTreeMap<AccountId, Vec<Task>>;

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Publishes what is due at `now`. Returns when all its work is done. Safe to run twice at once and to overlap
    /// with itself: every step is one conditional write, and each account has one worker at a time.
    pub async fn tick(&self, now: Timestamp) -> TickReport {
        self.run(self.start(now, None), &()).await
    }

    /// The same in a process that is ended `time` after `now`: it does up to [`limits::OWN`] deliveries and hands the rest over.
    pub async fn tick_within(
        &self,
        now: Timestamp,
        time: Duration,
        others: &impl HandOver,
    ) -> TickReport {
        self.run(self.start(now, Some(time)), others).await
    }

    /// The first run after a start. A process that is alone takes up at once what an earlier one left half done,
    /// where the index names the end of the lease.
    pub async fn resume(&self, now: Timestamp) -> TickReport {
        let ahead = limits::ROLL_UP_AGAIN.max(limits::LEASE);
        let horizon = if self.settings.alone { now.plus(ahead) } else { now };
        self.run(Run { horizon, ..self.start(now, None) }, &()).await
    }

    pub(crate) fn start(&self, now: Timestamp, time: Option<Duration>) -> Run {
        let me = Worker { process: self.process.clone(), run: numbers::name() };
        let budget = time.map(|time| Budget::of(now, time));
        Run { me, clock: Clock::starting(now), horizon: now, settings: self.settings, budget }
    }

    async fn run(&self, run: Run, others: &impl HandOver) -> TickReport {
        let now = run.clock.began();
        self.plan_chores(now).await;
        let own = Backlog::default();
        let backlog = if self.settings.alone { &self.backlog } else { &own };
        let seen = backlog.seen(now);
        let due = match self.data.due(seen, run.horizon).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(cause = ?error, "the due posts cannot be read; the next run tries again");
                return TickReport::default();
            }
        };
        let Sorted { posts, tasks, series, jobs, chores } = self.sort(due);
        backlog.add(posts, seen, now);
        for id in series {
            self.advance_series(&id, &run).await;
        }
        for id in jobs {
            self.run_job(&id, &run).await;
        }
        let chores = chores.into_iter().map(|chore| self.do_chore(chore, &run));
        join(self.publish(backlog, tasks, &run, others), join_all(chores)).await.0
    }

    async fn publish(
        &self,
        backlog: &Backlog,
        tasks: Tasks,
        run: &Run,
        others: &impl HandOver,
    ) -> TickReport {
        let mut due = Gathered::of(tasks, run.budget.is_some());
        let mut report = self.claim_posts(backlog, run, &mut due).await;
        if !run.settings.alone && !due.is_empty() && !self.look_twice(run, &mut due).await {
            return report;
        }
        let (mut tasks, divided) = due.divided();
        let of = |share: Share| (share.account.clone(), self.tasks_of(&share));
        tasks.extend(divided.own.into_iter().map(of));
        let name = &run.me.run;
        let left_to_others = async {
            let handed = self.hand_over(divided.others, name, run, others).await;
            // What nobody took is done here, as far as there is time.
            let tasks = handed.kept.into_iter().map(of).collect();
            (handed.deliveries, self.deliver_all(tasks, run).await)
        };
        let (mut done, (handed, kept)) = join(self.deliver_all(tasks, run), left_to_others).await;
        done += kept;
        report += done.report;
        report.handed_over +=
            handed + self.hand_over(done.left, name, run, others).await.deliveries;
        report
    }

    /// A post that another run claimed during the first look was perhaps not seen, nor were its deliveries: the former was no
    /// longer due, the latter not yet. Without them later posts of an account would go first. Says whether it could look.
    async fn look_twice(&self, run: &Run, due: &mut Gathered) -> bool {
        match self.data.due(None, run.horizon).await {
            Ok(again) => due.extend(self.sort(again).tasks),
            Err(error) => {
                tracing::error!(cause = ?error, "what other runs claimed cannot be read; the next run tries again");
                return false;
            }
        }
        true
    }

    async fn claim_posts(&self, backlog: &Backlog, run: &Run, due: &mut Gathered) -> TickReport {
        let mut report = TickReport::default();
        while run.may_claim() && !due.is_full() {
            let most = if run.settings.alone { TOGETHER } else { CLAIMS_AT_ONCE };
            let taken = backlog.take(most, &self.waiting);
            if taken.ids.is_empty() {
                break;
            }
            let done = if run.settings.alone {
                self.claim_together(taken.ids.clone(), run).await
            } else {
                self.claim_each(taken.ids.clone(), run).await
            };
            report += done.0;
            for (claimed, payloads) in done.1 {
                let of = Arc::new(claimed);
                let all = of.all().into_iter().zip(payloads);
                for (delivery, payload) in all.filter(|(delivery, _)| run.is_due(delivery)) {
                    let fresh = Fresh { of: Arc::clone(&of), payload };
                    let (account, task) = self.task(delivery, fresh);
                    due.add(&account, task);
                }
            }
        }
        report
    }

    async fn claim_each(&self, posts: Vec<PostId>, run: &Run) -> Batch {
        let claims = stream::iter(posts).map(|id| self.claim_post(id, run));
        let mut claims = claims.buffer_unordered(CLAIMS_AT_ONCE);
        let mut batch = Batch::default();
        while let Some((done, claimed)) = claims.next().await {
            batch.0 += done;
            batch.1.extend(claimed.map(|claimed| {
                let payloads = vec![None; claimed.all().len()];
                (claimed, payloads)
            }));
        }
        batch
    }

    fn task(&self, delivery: Delivery, fresh: Fresh) -> (AccountId, Task) {
        let _counted = self.waiting.count(&delivery.id, &delivery.workspace_id);
        let task = Task {
            scheduled_at: delivery.scheduled_at,
            post: delivery.post_id,
            delivery: delivery.id,
            workspace: delivery.workspace_id,
            fresh: Some(fresh),
            _counted,
        };
        (delivery.account_id, task)
    }

    fn sort(&self, due: Vec<Due>) -> Sorted {
        let mut sorted = Sorted::default();
        for entry in due {
            match entry {
                Due::Post { post, workspace } => {
                    sorted.posts.entry(workspace).or_default().push(post);
                }
                Due::Series(id) => sorted.series.push(id),
                Due::Job(id) => sorted.jobs.push(id),
                Due::Chore(chore) => sorted.chores.push(chore),
                // It waits its turn since an earlier run.
                Due::Delivery { delivery, .. } if self.waiting.has(&delivery) => {}
                Due::Delivery { post, workspace, delivery, account, scheduled_at } => {
                    let _counted = self.waiting.count(&delivery, &workspace);
                    let task =
                        Task { scheduled_at, post, delivery, workspace, fresh: None, _counted };
                    sorted.tasks.entry(account).or_default().push(task);
                }
            }
        }
        sorted
    }
}

/// What is due: posts by workspace, deliveries by account.
#[derive(Default)]
struct Sorted {
    posts: BTreeMap<WorkspaceId, Vec<PostId>>,
    tasks: Tasks,
    series: Vec<SeriesId>,
    jobs: Vec<JobId>,
    chores: Vec<Chore>,
}

/// How long a platform may take. Longer than any platform's own limit, shorter than half a lease.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const _: () = assert!(PATIENCE.as_secs() * 2 <= limits::LEASE_LEFT.as_secs());

/// How old an account's lease may grow before it is renewed: what is left is longer than one attempt.
pub(crate) const RENEW: Duration = Duration::from_secs(45);
