//! The end of a post.

use data::Error;
use posts::{Delivery, Notification, Post, news};

use crate::tick::Run;
use crate::{Announcer, PublishTo, Publishing};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Ends the post if all its deliveries are over. Says whether it did. Several workers may try: one wins.
    pub(crate) async fn finish(
        &self,
        post: &Post,
        deliveries: &[Delivery],
        run: &Run,
    ) -> Result<bool, Error> {
        let Some(after) = post.roll_up(deliveries, run.clock.now()) else { return Ok(false) };
        self.data.replace_post(post, &after).await?;
        self.tell_end(&after, deliveries).await?;
        Ok(true)
    }

    /// Announces the end of a post, then takes it out of the due index. Until then a later run announces it
    /// again, with the same event id.
    pub(crate) async fn tell_end(&self, post: &Post, deliveries: &[Delivery]) -> Result<(), Error> {
        self.announce(news::finished(post, deliveries)).await;
        if let Some(note) = Notification::of_post(post, deliveries) {
            self.notify(note).await;
        }
        self.data.look_again(post, None).await
    }
}
