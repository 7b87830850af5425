//! The deliveries of one account, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use data::Error;
use futures::FutureExt;
use posts::{
    Account, AccountId, Class, Delivery, DeliveryClaim, DeliveryStatus, DeliveryView, ErrorClass,
    Outcome, Post, Request, Secret, Timestamp, limits, news,
};

use crate::tick::{PATIENCE, RENEW, Run, Task};
use crate::{Announcer, PublishTo, Publishing, TickReport, numbers};

/// An account that is still connected, with its secret.
struct Connected {
    account: Account,
    secret: Secret,
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Works through the tasks of an account in order, while this run holds the account's lease.
    pub(crate) async fn deliver_to(
        &self,
        id: AccountId,
        mut tasks: Vec<Task>,
        run: &Run,
    ) -> TickReport {
        tasks.sort();
        tasks.dedup();
        let mut report = TickReport::default();
        match self.work(&id, tasks, run, &mut report).await {
            // The account has another worker, which does the work or leaves it to the next run.
            Ok(()) | Err(Error::Conflict | Error::NotFound) => {}
            Err(error) => {
                tracing::error!(account = %id, cause = ?error, "an account cannot be worked on; the next run tries again");
            }
        }
        report
    }

    async fn work(
        &self,
        id: &AccountId,
        tasks: Vec<Task>,
        run: &Run,
        report: &mut TickReport,
    ) -> Result<(), Error> {
        self.lease(id, run).await?;
        let worked = self.work_leased(id, tasks, run, report).await;
        self.data.release_account(id, &run.me).await?;
        worked
    }

    /// Takes the account. A run that takes up what an earlier process left waits for its turn: later runs
    /// would see that work only when its lease ends.
    async fn lease(&self, id: &AccountId, run: &Run) -> Result<(), Error> {
        let started = run.clock.now();
        loop {
            let now = run.clock.now();
            match self.data.lease_account(id, &run.me, now, &run.settings).await {
                Err(Error::Conflict) if run.looks_ahead() && now.since(started) < limits::LEASE => {
                    tokio::time::sleep(TURN).await;
                }
                done => return done,
            }
        }
    }

    async fn work_leased(
        &self,
        id: &AccountId,
        tasks: Vec<Task>,
        run: &Run,
        report: &mut TickReport,
    ) -> Result<(), Error> {
        let mut leased_at = run.clock.now();
        let connected = self.connected(id).await?;
        for task in tasks {
            let now = run.clock.now();
            if now.since(leased_at) >= RENEW {
                self.data.lease_account(id, &run.me, now, &run.settings).await?;
                leased_at = now;
            }
            match self.deliver(&task, connected.as_ref(), run).await {
                Ok(done) => *report += done,
                // Another worker moved this one: the write that lost changed nothing.
                Err(Error::Conflict | Error::NotFound) => {}
                Err(error) => {
                    tracing::error!(delivery = %task.delivery, cause = ?error, "a delivery is put off");
                }
            }
        }
        Ok(())
    }

    async fn connected(&self, id: &AccountId) -> Result<Option<Connected>, Error> {
        match (self.data.get_account(id).await, self.data.get_secret(id).await) {
            (Ok(account), Ok(secret)) => Ok(Some(Connected { account, secret })),
            (Err(Error::NotFound), _) | (_, Err(Error::NotFound)) => Ok(None),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// Claims, arms, publishes and settles one delivery. A stop between two steps leaves a state that a later run
    /// goes on from.
    async fn deliver(
        &self,
        task: &Task,
        to: Option<&Connected>,
        run: &Run,
    ) -> Result<TickReport, Error> {
        let (post, all) = self.data.get_post(&task.post).await?;
        let before = all.iter().find(|d| d.id == task.delivery).ok_or(Error::NotFound)?;
        // Without its platform nobody can tell what a second try would do.
        let class = self.platforms.class(&before.platform).unwrap_or(Class::Opaque);
        let mine = match before.claim(&run.me, class, run.clock.now(), &run.settings) {
            DeliveryClaim::NotDue => return Ok(TickReport::default()),
            DeliveryClaim::Over(over) => {
                self.data.replace_delivery(before, &over).await?;
                return self.settled(before, over, run).await;
            }
            DeliveryClaim::Taken(mine) => mine,
        };
        self.data.replace_delivery(before, &mine).await?;
        self.tell(&post, before, &mine, &all, run.clock.now()).await;
        let after = match self.begin(&post, &mine, to, run.clock.now()).await? {
            Begun::Abandoned(after) => after,
            Begun::Armed { armed, payload, to } => {
                let outcome = self.attempt(&armed, &payload, to, run.clock.now()).await;
                let now = run.clock.now();
                let settled = armed.settle(outcome, class, numbers::jitter(), now, &run.settings);
                let after = settled.map_err(|_| Error::Conflict)?;
                self.data.replace_delivery(&armed, &after).await?;
                after
            }
        };
        self.settled(&mine, after, run).await
    }

    /// Stores that an attempt begins, or that it cannot.
    async fn begin<'a>(
        &self,
        post: &Post,
        mine: &Delivery,
        to: Option<&'a Connected>,
        now: Timestamp,
    ) -> Result<Begun<'a>, Error> {
        let Some(to) = to else {
            let message = "The account was disconnected. Connect it again and create a new post.";
            return self.abandon(mine, ErrorClass::Auth, message, now).await;
        };
        let armed = mine.arm(now).map_err(|_| Error::Conflict)?;
        if mine.first_armed_at.is_some() {
            let payload = self.data.get_payload(mine).await?;
            self.data.replace_delivery(mine, &armed).await?;
            return Ok(Begun::Armed { armed, payload, to });
        }
        let freeze = || self.platforms.freeze(&mine.platform, post, &mine.id);
        let Ok(payload) = catch_unwind(AssertUnwindSafe(freeze)) else {
            tracing::error!(delivery = %mine.id, platform = mine.platform, "the platform's adapter panicked");
            return self.abandon(mine, ErrorClass::Internal, PANICKED, now).await;
        };
        self.data.arm_first(mine, &armed, &payload, now).await?;
        Ok(Begun::Armed { armed, payload, to })
    }

    async fn abandon<'a>(
        &self,
        mine: &Delivery,
        class: ErrorClass,
        message: &str,
        now: Timestamp,
    ) -> Result<Begun<'a>, Error> {
        let after = mine.abandon(class, message, now).map_err(|_| Error::Conflict)?;
        self.data.replace_delivery(mine, &after).await?;
        Ok(Begun::Abandoned(after))
    }

    /// The one irreversible call. It always comes to an outcome: a panic and a call without end too.
    async fn attempt(
        &self,
        armed: &Delivery,
        payload: &str,
        to: &Connected,
        now: Timestamp,
    ) -> Outcome {
        let request = Request {
            account: &to.account,
            secret: &to.secret,
            idem_key: &armed.idem_key,
            payload,
            attempt: armed.attempt,
            at_s: now.seconds(),
            since_s: armed.first_armed_at.unwrap_or(now).seconds(),
            prepared: None,
            media: &[],
        };
        let call = AssertUnwindSafe(self.platforms.publish(request)).catch_unwind();
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(answer)) => answer.outcome,
            Ok(Err(_)) => {
                tracing::error!(delivery = %armed.id, platform = armed.platform, "the platform's adapter panicked");
                let message = PANICKED.to_owned();
                Outcome::Refused { class: ErrorClass::Internal, message, http_status: None }
            }
            Err(_) => {
                Outcome::Unknown { message: "The platform did not answer in time.".to_owned() }
            }
        }
    }

    /// Tells what became of a delivery, and ends its post if it was the last one.
    async fn settled(
        &self,
        before: &Delivery,
        after: Delivery,
        run: &Run,
    ) -> Result<TickReport, Error> {
        let (post, all) = self.data.get_post(&after.post_id).await?;
        self.tell(&post, before, &after, &all, run.clock.now()).await;
        match self.finish(&post, &all, run).await {
            Ok(_) | Err(Error::Conflict | Error::NotFound) => {}
            Err(error) => {
                tracing::error!(post = %post.id, cause = ?error, "a post's end is put off")
            }
        }
        Ok(counted(&after))
    }

    async fn tell(
        &self,
        post: &Post,
        before: &Delivery,
        after: &Delivery,
        all: &[Delivery],
        now: Timestamp,
    ) {
        let shown = |d: &Delivery| (d.status(), DeliveryView::new(d).detail);
        if shown(before) != shown(after) {
            let all: Vec<_> =
                all.iter().map(|d| if d.id == after.id { after } else { d }).cloned().collect();
            self.announce([news::delivery_changed(post, after, &all, now)]).await;
        }
    }
}

/// How often a waiting run looks whether an account is free.
const TURN: Duration = Duration::from_millis(100);

/// What an attempt's beginning comes to.
enum Begun<'a> {
    Armed { armed: Delivery, payload: String, to: &'a Connected },
    Abandoned(Delivery),
}

const PANICKED: &str = "Publishing failed inside the server. Tell the operator.";

fn counted(after: &Delivery) -> TickReport {
    let report = TickReport::default();
    match after.status() {
        DeliveryStatus::Published => TickReport { published: 1, ..report },
        DeliveryStatus::Failed | DeliveryStatus::Unconfirmed => TickReport { failed: 1, ..report },
        DeliveryStatus::Queued | DeliveryStatus::Publishing | DeliveryStatus::Retrying => {
            TickReport { retried: 1, ..report }
        }
    }
}

// An attempt and the writes around it end before the account's lease does.
const _: () = assert!(PATIENCE.as_secs() + RENEW.as_secs() < limits::LEASE.as_secs());
