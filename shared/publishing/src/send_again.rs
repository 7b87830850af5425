//! A delivery of which nobody can tell, sent again because a person says so.

use posts::{Caller, Delivery, DeliveryId, Post, PostView, Settings, Timestamp};

use crate::{Announcer, PublishTo, Publishing, Refusal};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Sends an unconfirmed delivery again under a new key. It is then there twice if the first attempt worked.
    pub async fn send_again(
        &self,
        caller: &Caller,
        id: &DeliveryId,
        now: Timestamp,
    ) -> Result<PostView, Refusal> {
        let post = self.data.post_of_unconfirmed(id).await?;
        let rule = |post: &Post, all: &[Delivery], settings: &Settings| {
            post.send_again(all, id, now, settings)
        };
        let done = self.reopen(caller, &post, "send_again", now, rule).await?;
        self.tell_retrying(&done, caller).await;
        Ok(PostView::new(done.post.clone(), &done.all))
    }
}
