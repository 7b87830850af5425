//! A post gone for good.

use posts::{Caller, PostId, Timestamp, news};

use crate::edit_post::TRIES;
use crate::{Announcer, PublishTo, Publishing, Refusal};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Deletes a post at any time but while it is publishing. What is published stays where it is.
    pub async fn delete_post(
        &self,
        caller: &Caller,
        id: &PostId,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        for _ in 0..TRIES {
            let (post, deliveries) = self.visible(caller, id).await?;
            post.check_delete()?;
            match self.data.delete_post(&post, &deliveries).await {
                Ok(()) => {
                    self.announce([news::deleted(&post, &caller.user_id, now)]).await;
                    return Ok(());
                }
                Err(data::Error::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(data::Error::Conflict.into())
    }
}
