//! A post stopped before its time.

use posts::{Caller, Post, PostId, PostView, Timestamp, news};

use crate::{Announcer, PublishTo, Publishing, Refusal};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Stops a post that is a draft or waits for its time.
    pub async fn cancel_post(
        &self,
        caller: &Caller,
        id: &PostId,
        now: Timestamp,
    ) -> Result<PostView, Refusal> {
        let changed = self.change(caller, id, |post: &Post| Ok(post.cancel(now)?)).await?;
        self.announce([news::cancelled(&changed.before, &changed.after, &caller.user_id)]).await;
        Ok(PostView::new(changed.after, &changed.deliveries))
    }
}
