//! A post made due at once.

use posts::{Caller, Post, PostId, PostView, Timestamp, news};

use crate::{Announcer, PublishTo, Publishing, Refusal};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Makes a post due at `now`: the next run of the ticker claims it.
    pub async fn publish_now(
        &self,
        caller: &Caller,
        id: &PostId,
        now: Timestamp,
    ) -> Result<PostView, Refusal> {
        let rule = |post: &Post| Ok(post.publish_now(now)?);
        let changed = self.change_checked(caller, id, rule, now).await?;
        self.announce(news::edited(&changed.before, &changed.after, &caller.user_id, None)).await;
        Ok(PostView::new(changed.after, &changed.deliveries))
    }
}
