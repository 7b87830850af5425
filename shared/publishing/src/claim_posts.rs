//! A due post: claimed, missed, or looked at again because its end may have been lost.

use std::panic::{AssertUnwindSafe, catch_unwind};

use data::{Claim, Error, TRANSACTION_ITEMS};
use posts::{Delivery, Post, PostClaim, PostId, PostStatus, Timestamp, limits, news};

use crate::claimed::Claimed;
use crate::tick::Run;
use crate::{Announcer, PublishTo, Publishing, TickReport};

/// Most posts that are claimed in one transaction. Ours: it holds up other calls of the store.
pub(crate) const TOGETHER: usize = 16;

/// How often a claim is tried again. Ours: another one's transaction under way is over by then.
const AGAIN: usize = 3;

/// What claims came to: posts, and for each of their deliveries the payload that is stored for it.
#[derive(Default)]
pub(crate) struct Batch(pub(crate) TickReport, pub(crate) Vec<(Claimed, Vec<Option<String>>)>);

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Does what a due post needs. Gives the post with the deliveries that a claim made, also that of another run.
    pub(crate) async fn claim_post(&self, id: PostId, run: &Run) -> (TickReport, Option<Claimed>) {
        let mut done = self.try_claim(&id, run).await;
        for _ in 0..AGAIN {
            match &done {
                // Someone else was faster, or is at it: what that comes to is read.
                Err(Error::Conflict) => {}
                // Without it later posts of its accounts would go first.
                Err(error) if error.is_passing() => {}
                _ => break,
            }
            done = self.try_claim(&id, run).await;
        }
        match done {
            Ok(done) => done,
            // Others are at it without end, or an author deleted it: nothing is left to do.
            Err(Error::Conflict | Error::NotFound) => Default::default(),
            Err(error) => {
                tracing::error!(post = %id, cause = ?error, "a due post cannot be claimed; the next run tries again");
                Default::default()
            }
        }
    }

    async fn try_claim(
        &self,
        id: &PostId,
        run: &Run,
    ) -> Result<(TickReport, Option<Claimed>), Error> {
        let (before, deliveries) = self.data.get_post(id).await?;
        let settings = self.settings_of(&before.workspace_id).await?;
        let now = run.clock.now();
        match before.claim(now, &settings) {
            PostClaim::Taken(after, deliveries) => {
                let claim = [Claim { before, after, deliveries }];
                self.data.claim_posts(&claim).await?;
                let [Claim { after, deliveries, .. }] = claim;
                self.announce(news::publishing(&after, &deliveries)).await;
                let report = TickReport { processed: 1, ..TickReport::default() };
                Ok((report, Some(Claimed::queued(after, deliveries))))
            }
            PostClaim::Missed(after) => {
                self.data.replace_post(&before, &after).await?;
                if let Some(due) = before.when().map(|when| when.scheduled_at) {
                    self.late.note(due, now);
                }
                self.tell_end(&after, &[]).await?;
                Ok((TickReport { processed: 1, failed: 1, ..TickReport::default() }, None))
            }
            PostClaim::NotDue => {
                self.look_after(&before, &deliveries, run).await?;
                Ok((TickReport::default(), self.of_another(before, deliveries)))
            }
        }
    }

    /// A post that another run has claimed: both know all that is due, so that whoever gets an account keeps its order.
    fn of_another(&self, post: Post, deliveries: Vec<Delivery>) -> Option<Claimed> {
        let claimed = !self.settings.alone && post.status() == PostStatus::Publishing;
        claimed.then(|| Claimed::queued(post, deliveries))
    }

    /// Claims posts in one transaction, and reserves their deliveries for this process. What cannot be claimed so is
    /// claimed alone.
    pub(crate) async fn claim_together(&self, ids: Vec<PostId>, run: &Run) -> Batch {
        let mut batch = Batch::default();
        let found = match self.data.get_posts(&ids).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(cause = ?error, "due posts cannot be read; the next run tries again");
                return batch;
            }
        };
        let (mut claims, mut alone) = (Vec::new(), Vec::new());
        for before in found {
            // Trouble is told where it is claimed alone.
            let Ok(settings) = self.settings_of(&before.workspace_id).await else {
                alone.push(before.id);
                continue;
            };
            let now = run.clock.now();
            match before.claim(now, &settings) {
                PostClaim::Taken(after, deliveries) => {
                    let reserved = deliveries.into_iter().map(|d| d.reserved(&run.me, now));
                    let deliveries = reserved.collect();
                    claims.push(Claim { before, after, deliveries });
                }
                PostClaim::Missed(_) | PostClaim::NotDue => alone.push(before.id),
            }
        }
        for group in groups(claims) {
            match self.data.claim_posts(&group).await {
                Ok(()) => batch.1.extend(self.take_up(group, run, &mut batch.0).await),
                // One of them was changed meanwhile; nobody knows here which.
                Err(Error::Conflict) => alone.extend(group.into_iter().map(|c| c.before.id)),
                Err(error) => {
                    tracing::error!(cause = ?error, "due posts cannot be claimed; the next run tries again");
                }
            }
        }
        for id in alone {
            let (report, claimed) = self.claim_post(id, run).await;
            batch.0 += report;
            batch.1.extend(claimed.map(|claimed| {
                let payloads = vec![None; claimed.all().len()];
                (claimed, payloads)
            }));
        }
        batch
    }

    /// Tells of posts that are claimed, and freezes what their deliveries send.
    async fn take_up(
        &self,
        group: Vec<Claim>,
        run: &Run,
        report: &mut TickReport,
    ) -> Vec<(Claimed, Vec<Option<String>>)> {
        let payloads = self.freeze(&group, run.clock.now()).await;
        let mut taken = Vec::with_capacity(group.len());
        for (Claim { after, deliveries, .. }, payloads) in group.into_iter().zip(payloads) {
            self.announce(news::publishing(&after, &deliveries)).await;
            report.processed += 1;
            taken.push((Claimed::reserved(after, deliveries), payloads));
        }
        taken
    }

    /// Stores what the deliveries send. Where that fails, the attempt stores it when it begins.
    async fn freeze(&self, claims: &[Claim], now: Timestamp) -> Vec<Vec<Option<String>>> {
        let frozen = |claim: &Claim| {
            let each = claim.deliveries.iter().map(|delivery| {
                let freeze =
                    || self.platforms.freeze(&delivery.platform, &claim.after, &delivery.id);
                catch_unwind(AssertUnwindSafe(freeze)).ok()
            });
            each.collect::<Vec<_>>()
        };
        let mut payloads: Vec<_> = claims.iter().map(frozen).collect();
        let deliveries = claims.iter().flat_map(|claim| &claim.deliveries);
        let all: Vec<_> = deliveries
            .zip(payloads.iter().flatten())
            .filter_map(|(delivery, payload)| Some((delivery, payload.as_deref()?)))
            .collect();
        for some in all.chunks(data::PAYLOADS) {
            if let Err(error) = self.data.freeze_payloads(some, now).await {
                tracing::warn!(cause = ?error, "payloads are not stored ahead");
                payloads.iter_mut().flatten().for_each(|payload| *payload = None);
                break;
            }
        }
        payloads
    }

    /// A post that was claimed before and is still in the index: a worker may have stopped between two writes.
    async fn look_after(
        &self,
        post: &Post,
        deliveries: &[Delivery],
        run: &Run,
    ) -> Result<(), Error> {
        // The worker that moved it since the index was read is still at it.
        if post.due_at().is_none_or(|at| at > run.horizon) {
            return Ok(());
        }
        match post.status() {
            PostStatus::Draft
            | PostStatus::PendingApproval
            | PostStatus::Scheduled
            | PostStatus::Cancelled => Ok(()),
            PostStatus::Publishing => {
                self.announce(news::publishing(post, deliveries)).await;
                if self.finish(post, deliveries, run).await? {
                    return Ok(());
                }
                self.data.look_again(post, Some(run.clock.now().plus(limits::ROLL_UP_AGAIN))).await
            }
            PostStatus::Published | PostStatus::PartiallyPublished | PostStatus::Failed => {
                self.tell_end(post, deliveries).await
            }
        }
    }
}

/// Claims in groups that fit into a transaction.
fn groups(claims: Vec<Claim>) -> Vec<Vec<Claim>> {
    let mut groups: Vec<Vec<Claim>> = Vec::new();
    let mut items = TRANSACTION_ITEMS;
    for claim in claims {
        items += claim.items();
        match groups.last_mut().filter(|_| items <= TRANSACTION_ITEMS) {
            Some(group) => group.push(claim),
            None => {
                items = claim.items();
                groups.push(vec![claim]);
            }
        }
    }
    groups
}
