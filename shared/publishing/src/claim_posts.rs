//! A due post: claimed, missed, or looked at again because its end may have been lost.

use data::Error;
use posts::{Delivery, Post, PostClaim, PostId, PostStatus, limits, news};

use crate::tick::Run;
use crate::{Announcer, PublishTo, Publishing, TickReport};

/// A post that was just claimed, with its deliveries.
type Claimed = (Post, Vec<Delivery>);

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Does what a due post needs. Gives the post with the deliveries that a claim made.
    pub(crate) async fn claim_post(&self, id: PostId, run: &Run) -> (TickReport, Option<Claimed>) {
        match self.try_claim(&id, run).await {
            Ok(done) => done,
            // Another worker was faster, or an author deleted it: nothing is left to do.
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
        let now = run.clock.now();
        match before.claim(now, &run.settings) {
            PostClaim::Taken(after, deliveries) => {
                self.data.claim_post(&before, &after, &deliveries).await?;
                self.announce(news::publishing(&after, &deliveries)).await;
                let report = TickReport { processed: 1, ..TickReport::default() };
                Ok((report, Some((after, deliveries))))
            }
            PostClaim::Missed(after) => {
                self.data.replace_post(&before, &after).await?;
                self.tell_end(&after, &[]).await?;
                Ok((TickReport { processed: 1, failed: 1, ..TickReport::default() }, None))
            }
            PostClaim::NotDue => {
                self.look_after(&before, &deliveries, run).await?;
                Ok(Default::default())
            }
        }
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
