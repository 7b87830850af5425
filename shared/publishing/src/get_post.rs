//! One post, for whoever may see it.

use posts::{Caller, Delivery, Post, PostId, PostView};

use crate::{Announcer, PublishTo, Publishing, Refusal};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Reads a post with its deliveries. A post of another workspace is not found.
    pub async fn get_post(&self, caller: &Caller, id: &PostId) -> Result<PostView, Refusal> {
        let (post, deliveries) = self.visible(caller, id).await?;
        Ok(PostView::new(post, &deliveries))
    }

    pub(crate) async fn visible(
        &self,
        caller: &Caller,
        id: &PostId,
    ) -> Result<(Post, Vec<Delivery>), Refusal> {
        let found = self.data.get_post(id).await?;
        if caller.may_enter(&found.0.workspace_id) { Ok(found) } else { Err(Refusal::NotFound) }
    }
}
