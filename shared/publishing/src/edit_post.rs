//! A change of a post.

use posts::{Caller, Delivery, PatchPost, Post, PostId, PostView, Timestamp, news};

use crate::{Announcer, PublishTo, Publishing, Refusal};

/// How often a change is tried when others change the same post. Each try that loses means another has won.
pub(crate) const TRIES: usize = 10;

/// A change that is stored.
pub(crate) struct Changed {
    pub(crate) before: Post,
    pub(crate) after: Post,
    pub(crate) deliveries: Vec<Delivery>,
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Changes a post that is a draft or waits for its time. `except_socket` does not hear of it.
    pub async fn edit_post(
        &self,
        caller: &Caller,
        id: &PostId,
        patch: PatchPost,
        now: Timestamp,
        except_socket: Option<&str>,
    ) -> Result<PostView, Refusal> {
        let known = self.known(patch.accounts.as_deref().unwrap_or_default()).await?;
        let rule = |post: &Post| {
            let after = post.edit(patch.clone(), &known, now)?;
            self.check_text(&after)?;
            Ok(after)
        };
        let changed = self.change(caller, id, rule).await?;
        self.announce(news::edited(
            &changed.before,
            &changed.after,
            &caller.user_id,
            except_socket,
        ))
        .await;
        Ok(PostView::new(changed.after, &changed.deliveries))
    }

    /// Reads, asks the rule, and writes; again if someone wrote in between. The rule sees what won, so a change
    /// that loses to the claim is told so.
    pub(crate) async fn change(
        &self,
        caller: &Caller,
        id: &PostId,
        rule: impl Fn(&Post) -> Result<Post, Refusal>,
    ) -> Result<Changed, Refusal> {
        for _ in 0..TRIES {
            let (before, deliveries) = self.visible(caller, id).await?;
            let after = rule(&before)?;
            match self.data.replace_post(&before, &after).await {
                Ok(()) => return Ok(Changed { before, after, deliveries }),
                Err(data::Error::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(data::Error::Conflict.into())
    }
}
