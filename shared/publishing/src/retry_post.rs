//! The failed deliveries of a post, published again because a person says so.

use data::Audit;
use posts::{
    Caller, Conflict, Delivery, Post, PostId, PostView, Reopened, Settings, Timestamp, news,
};

use crate::edit_post::TRIES;
use crate::{Announcer, PublishTo, Publishing, Refusal};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Publishes what failed of a post again. What is published, and what nobody can tell about, stays as it is.
    pub async fn retry_post(
        &self,
        caller: &Caller,
        id: &PostId,
        now: Timestamp,
    ) -> Result<PostView, Refusal> {
        let rule =
            |post: &Post, all: &[Delivery], settings: &Settings| post.retry(all, now, settings);
        let done = self.reopen(caller, id, "retry", now, rule).await?;
        self.tell_retrying(&done, caller).await;
        Ok(PostView::new(done.post.clone(), &done.all))
    }

    /// Reads, asks the rule and writes, with a record of who did it; again if someone wrote in between.
    pub(crate) async fn reopen(
        &self,
        caller: &Caller,
        id: &PostId,
        action: &'static str,
        now: Timestamp,
        rule: impl Fn(&Post, &[Delivery], &Settings) -> Result<Reopened, Conflict>,
    ) -> Result<Done, Refusal> {
        for _ in 0..TRIES {
            let (before, all) = self.visible(caller, id).await?;
            let settings = self.settings_of(&before.workspace_id).await?;
            let after = rule(&before, &all, &settings)?;
            let audit = Audit { by: &caller.user_id, action, at: now };
            match self.data.reopen_post(&before, &after, audit).await {
                Ok(()) => {
                    tracing::info!(post = %id, by = %caller.user_id, action, "a person decided about deliveries");
                    return Ok(Done::new(before, after, &all));
                }
                Err(data::Error::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(data::Error::Conflict.into())
    }

    pub(crate) async fn tell_retrying(&self, done: &Done, caller: &Caller) {
        let moved: Vec<_> = done.moved.iter().map(|(_, after)| after.clone()).collect();
        self.announce([news::retrying(&done.post, &moved, &caller.user_id)]).await;
        let changed = done.moved.iter().filter(|(before, _)| before.is_some());
        let told = changed.map(|(_, after)| {
            news::delivery_changed(&done.post, after, &done.all, done.post.updated_at)
        });
        self.announce(told.collect::<Vec<_>>()).await;
    }
}

/// A decision that is stored.
pub(crate) struct Done {
    /// The post before.
    pub(crate) before: Post,
    /// The post after.
    pub(crate) post: Post,
    /// All its deliveries after.
    pub(crate) all: Vec<Delivery>,
    /// Those that the decision moved or made.
    pub(crate) moved: Vec<(Option<Delivery>, Delivery)>,
}

impl Done {
    fn new(before: Post, after: Reopened, all: &[Delivery]) -> Self {
        let changed = after.changed.into_iter().map(|(before, after)| (Some(before), after));
        let moved: Vec<_> = changed.chain(after.added.into_iter().map(|d| (None, d))).collect();
        let stays = |d: &&Delivery| !moved.iter().any(|(_, after)| after.id == d.id);
        let mut all: Vec<_> = all.iter().filter(stays).cloned().collect();
        all.extend(moved.iter().map(|(_, after)| after.clone()));
        Self { before, post: after.post, all, moved }
    }
}
