//! One delivery, a step on.

use data::Error;
use posts::{
    Class, Delivery, DeliveryClaim, DeliveryView, ErrorClass, Post, Prepared, Timestamp, limits,
    news,
};

use crate::media::Pictures;
use crate::payload::Payload;
use crate::reach::{Connected, Reach};
use crate::tick::{PATIENCE, RENEW, Run, Task};
use crate::{Announcer, PublishTo, Publishing, numbers};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Takes one delivery a step on: claims, then looks, or arms, publishes and settles. A stop between two writes
    /// leaves a state that a later run goes on from. Nothing if it is not due.
    pub(crate) async fn deliver(
        &self,
        task: &Task,
        to: &Reach,
        run: &Run,
    ) -> Result<Option<Delivery>, Error> {
        let (post, all) = match &task.fresh {
            // Whatever happened to it since the claim makes the first write lose.
            Some(fresh) => (fresh.of.post.clone(), fresh.of.all()),
            None => self.data.get_post(&task.post).await?,
        };
        let before = all.iter().find(|d| d.id == task.delivery).ok_or(Error::NotFound)?;
        if let Some(held) = self.held(before, run).await? {
            self.data.replace_delivery(before, &held).await?;
            return self.settled(task, before, held, run).await.map(Some);
        }
        // Without its platform nobody can tell what a second try would do.
        let class = self.platforms.class(&before.platform).unwrap_or(Class::Opaque);
        let now = run.clock.now();
        let claim = match task.fresh {
            Some(_) => before.begin(&run.me, class, now, &run.settings),
            None => before.claim(&run.me, class, now, &run.settings),
        };
        let mine = match claim {
            DeliveryClaim::NotDue => return Ok(None),
            DeliveryClaim::Over(moved) | DeliveryClaim::Later(moved) => {
                self.data.replace_delivery(before, &moved).await?;
                return self.settled(task, before, moved, run).await.map(Some);
            }
            DeliveryClaim::Taken(mine) => mine,
        };
        // A reserved one is this process's already.
        if mine.version != before.version {
            self.data.replace_delivery(before, &mine).await?;
            self.tell(&post, before, &mine, &all, now).await;
        }
        let work = Work { task, post: &post, all: &all, class };
        let after = self.work_on(&work, &mine, to, run).await?;
        self.settled(task, &mine, after, run).await.map(Some)
    }

    /// The delivery held back, if it is due and a limit is reached.
    async fn held(&self, before: &Delivery, run: &Run) -> Result<Option<Delivery>, Error> {
        let now = run.clock.now();
        if !before.is_reserved() && before.due_at().is_none_or(|at| at > now) {
            return Ok(None);
        }
        let closed = self.closed_until(&before.account_id, &before.platform, now).await?;
        Ok(closed.and_then(|until| before.held(until, now, &run.settings)))
    }

    async fn work_on(
        &self,
        work: &Work<'_>,
        mine: &Delivery,
        to: &Reach,
        run: &Run,
    ) -> Result<Delivery, Error> {
        let (class, now) = (work.class, run.clock.now());
        let lost = |_| Error::Conflict;
        let to = match to {
            Reach::Open(to) => to,
            Reach::Shut => {
                let after = mine.without_account(now, &run.settings).map_err(lost)?;
                return self.stored(mine, after).await;
            }
            Reach::Gone => {
                let message =
                    "The account was disconnected. Connect it again and create a new post.";
                return self.abandon(mine, ErrorClass::Auth, message, now).await;
            }
        };
        if mine.must_look(class, now) {
            let payload = self.data.get_payload(mine).await?;
            let look = self.look(mine, &payload, to, now).await?;
            let after = mine.looked(look, run.clock.now(), &run.settings).map_err(lost)?;
            return self.stored(mine, after).await;
        }
        match self.begin(work, mine, to, run).await? {
            Begun::Put(after) => Ok(after),
            Begun::Armed { armed, payload, pictures } => {
                self.tell(work.post, mine, &armed, work.all, run.clock.now()).await;
                let now = run.clock.now();
                let answer = self.attempt(&armed, &payload, &pictures, to, now).await;
                drop(pictures);
                let now = run.clock.now();
                self.mind(&to.account, &answer, now).await;
                if class.can_be_read() {
                    self.note_owner(&armed, &answer.outcome).await;
                }
                let jitter = numbers::jitter();
                let settled = armed.settle(answer.outcome, class, jitter, now, &run.settings);
                self.stored(&armed, settled.map_err(lost)?).await
            }
        }
    }

    /// Stores that an attempt begins, or that it cannot.
    async fn begin(
        &self,
        work: &Work<'_>,
        mine: &Delivery,
        to: &Connected,
        run: &Run,
    ) -> Result<Begun, Error> {
        let (payload, first) = match self.payload(work, mine, to, run).await? {
            Payload::Of { payload, stored } => (payload, !stored),
            Payload::None(after) => return Ok(Begun::Put(*after)),
        };
        let (prepared, pictures) = match self.pictures(work.post, &mine.platform).await {
            Ok(pictures) => {
                let now = run.clock.now();
                (self.prepare(mine, &payload, &pictures, to, now).await, pictures)
            }
            Err(outcome) => (Prepared::Failed(outcome.into()), Pictures::default()),
        };
        let now = run.clock.now();
        let put = match prepared {
            Prepared::Ready(prepared) => {
                let ready = Delivery { prepared, ..mine.clone() };
                // A call that the host ends has an outcome that nobody knows.
                if run.is_too_late_to_call() {
                    let released = ready.release(now).map_err(|_| Error::Conflict)?;
                    return Ok(Begun::Put(self.stored(mine, released).await?));
                }
                let armed = ready.arm(now).map_err(|_| Error::Conflict)?;
                if first {
                    self.data.arm_first(mine, &armed, &payload, now).await?;
                } else {
                    self.data.replace_delivery(mine, &armed).await?;
                }
                self.late.armed(&armed, now);
                return Ok(Begun::Armed { armed, payload, pictures });
            }
            Prepared::Processing { state, retry_after_s } => {
                mine.processing(state, retry_after_s, now, &run.settings)
            }
            Prepared::Failed(answer) => {
                self.mind(&to.account, &answer, now).await;
                mine.not_prepared(answer.outcome, numbers::jitter(), now, &run.settings)
            }
        };
        let after = put.map_err(|_| Error::Conflict)?;
        Ok(Begun::Put(self.stored(mine, after).await?))
    }

    pub(crate) async fn abandon(
        &self,
        mine: &Delivery,
        class: ErrorClass,
        message: &str,
        now: Timestamp,
    ) -> Result<Delivery, Error> {
        let after = mine.abandon(class, message, now).map_err(|_| Error::Conflict)?;
        self.stored(mine, after).await
    }

    async fn stored(&self, before: &Delivery, after: Delivery) -> Result<Delivery, Error> {
        self.data.replace_delivery(before, &after).await?;
        Ok(after)
    }

    /// Tells what became of a delivery, and ends its post if it was the last one.
    async fn settled(
        &self,
        task: &Task,
        before: &Delivery,
        after: Delivery,
        run: &Run,
    ) -> Result<Delivery, Error> {
        let known = task.fresh.as_ref().and_then(|fresh| {
            let all = fresh.of.moved(&after)?;
            Some((fresh.of.post.clone(), all))
        });
        let sure = known.is_some();
        let (post, all) = match known {
            Some(known) => known,
            None => self.data.get_post(&after.post_id).await?,
        };
        self.tell(&post, before, &after, &all, run.clock.now()).await;
        let mut finished = self.finish(&post, &all, run).await;
        if sure && matches!(finished, Err(Error::Conflict)) {
            // A person decided about one of them meanwhile.
            let (post, all) = self.data.get_post(&after.post_id).await?;
            finished = self.finish(&post, &all, run).await;
        }
        match finished {
            Ok(_) | Err(Error::Conflict | Error::NotFound) => {}
            Err(error) => {
                tracing::error!(post = %post.id, cause = ?error, "a post's end is put off")
            }
        }
        Ok(after)
    }

    pub(crate) async fn tell(
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

/// A delivery's task, with what goes with it.
pub(crate) struct Work<'a> {
    pub(crate) task: &'a Task,
    pub(crate) post: &'a Post,
    all: &'a [Delivery],
    class: Class,
}

impl Task {
    /// Notes that this process does not know what became of it.
    pub(crate) fn lost(&self) {
        if let Some(fresh) = &self.fresh {
            fresh.of.lost();
        }
    }
}

/// What an attempt's beginning comes to.
enum Begun {
    Armed { armed: Delivery, payload: String, pictures: Pictures },
    Put(Delivery),
}

// What precedes an attempt, the attempt and the writes around it end before the account's lease does.
const _: () = assert!(
    2 * PATIENCE.as_secs() + media::LOAD.as_secs() + RENEW.as_secs() < limits::LEASE.as_secs()
);
