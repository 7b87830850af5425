//! A person's word that a delivery is live.

use posts::{
    Caller, Confirm, Delivery, DeliveryId, Post, PostView, Settings, Timestamp, check_confirm, news,
};

use crate::{Announcer, PublishTo, Publishing, Refusal};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Takes an unconfirmed delivery as published, at the address that the caller may give.
    pub async fn confirm_delivery(
        &self,
        caller: &Caller,
        id: &DeliveryId,
        confirm: Confirm,
        now: Timestamp,
    ) -> Result<PostView, Refusal> {
        check_confirm(&confirm).map_err(|error| Refusal::Invalid(vec![error]))?;
        let post = self.data.post_of_unconfirmed(id).await?;
        let rule = |post: &Post, all: &[Delivery], _: &Settings| {
            post.confirm(all, id, confirm.url.clone(), now)
        };
        let done = self.reopen(caller, &post, "confirm", now, rule).await?;
        let told =
            done.moved.iter().map(|(_, d)| news::delivery_changed(&done.post, d, &done.all, now));
        self.announce(told.collect::<Vec<_>>()).await;
        if done.before.status() != done.post.status() {
            self.announce(news::finished(&done.post, &done.all)).await;
        }
        Ok(PostView::new(done.post.clone(), &done.all))
    }
}
