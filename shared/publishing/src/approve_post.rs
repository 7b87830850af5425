//! A post approved or rejected by another member of its workspace.

use posts::{Caller, Post, PostId, PostView, Reject, Timestamp, news};

use crate::{Announcer, PublishTo, Publishing, Refusal};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Schedules a post that waits for approval.
    pub async fn approve_post(
        &self,
        caller: &Caller,
        id: &PostId,
        now: Timestamp,
    ) -> Result<PostView, Refusal> {
        let rule = |post: &Post| Ok(post.approve(caller, now)?);
        let changed = self.change_checked(caller, id, rule, now).await?;
        self.announce(news::approved(&changed.before, &changed.after, &caller.user_id)).await;
        Ok(PostView::new(changed.after, &changed.deliveries))
    }

    /// Makes a post that waits for approval a draft again, and tells its author why.
    pub async fn reject_post(
        &self,
        caller: &Caller,
        id: &PostId,
        reject: Reject,
        now: Timestamp,
    ) -> Result<PostView, Refusal> {
        let changed = self.change(caller, id, |post: &Post| Ok(post.reject(caller, now)?)).await?;
        self.announce([news::rejected(&changed.after, &caller.user_id, &reject.reason)]).await;
        Ok(PostView::new(changed.after, &changed.deliveries))
    }
}
