//! A change of a post.

use posts::{
    Account, Caller, Delivery, Medium, NewMedium, PatchPost, Post, PostId, PostView, Timestamp,
    news, wall_time_warning,
};

use crate::media::of_request;
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
        let fetched = self.fetch_new(caller, id, &patch, &known, now).await?;
        let rule = |post: &Post| Ok(post.edit(patch.clone(), &known, &fetched, now)?);
        let changed = self.change_checked(caller, id, rule, now).await?;
        self.announce(news::edited(
            &changed.before,
            &changed.after,
            &caller.user_id,
            except_socket,
        ))
        .await;
        let warning = match (patch.scheduled_at, changed.after.when()) {
            (None, Some(when)) if patch.tz.is_some() || patch.local_time.is_some() => {
                wall_time_warning(when.tz.as_deref(), when.local_time.as_deref())
            }
            _ => None,
        };
        let view = PostView::new(changed.after, &changed.deliveries);
        Ok(PostView { warnings: warning.into_iter().collect(), ..view })
    }

    /// Fetches those pictures of a patch that the post does not have, if the rest of the patch is right.
    async fn fetch_new(
        &self,
        caller: &Caller,
        id: &PostId,
        patch: &PatchPost,
        known: &[Account],
        now: Timestamp,
    ) -> Result<Vec<Medium>, Refusal> {
        let Some(asked) = patch.media.as_deref().filter(|asked| !asked.is_empty()) else {
            return Ok(Vec::new());
        };
        let (before, _) = self.visible(caller, id).await?;
        let has = |new: &NewMedium| before.media.iter().any(|it| it.url == new.url);
        // With any pictures the rule says what is wrong beside them.
        let rest = PatchPost { media: None, ..patch.clone() };
        let after = before.edit(rest, known, &[], now)?;
        let servers = self.servers_of(&after, now).await?;
        self.check_text(&after, &servers).map_err(Refusal::Invalid)?;
        posts::check_media(asked).map_err(Refusal::Invalid)?;
        let new = asked.iter().filter(|new| !has(new)).collect();
        let fetched = self.fetch(new, now).await.map_err(|wrong| of_request(asked, wrong))?;
        let after = Post { media: fetched, ..before };
        self.note_use(&after).await?;
        Ok(after.media)
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
            let changed = Changed { after: rule(&before)?, before, deliveries };
            if self.swap(&changed).await? {
                return Ok(changed);
            }
        }
        Err(data::Error::Conflict.into())
    }

    /// The same of a change after which the places that the post goes to must take it.
    pub(crate) async fn change_checked(
        &self,
        caller: &Caller,
        id: &PostId,
        rule: impl Fn(&Post) -> Result<Post, Refusal>,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        for _ in 0..TRIES {
            let (before, deliveries) = self.visible(caller, id).await?;
            let changed = Changed { after: rule(&before)?, before, deliveries };
            let servers = self.servers_of(&changed.after, now).await?;
            self.check_content(&changed.after, &servers)?;
            if self.swap(&changed).await? {
                return Ok(changed);
            }
        }
        Err(data::Error::Conflict.into())
    }

    /// Stores a change, unless someone wrote in between.
    async fn swap(&self, changed: &Changed) -> Result<bool, Refusal> {
        match self.data.replace_post(&changed.before, &changed.after).await {
            Ok(()) => Ok(true),
            Err(data::Error::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
