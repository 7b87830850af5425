//! A new post.

use posts::{
    Account, AccountId, Caller, NewPost, Post, PostId, PostView, Timestamp, limits, news,
    wall_time_warning,
};

use crate::{Announcer, PublishTo, Publishing, Refusal, numbers};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Creates a post by `caller`: scheduled if it has a time, else a draft. `except_socket` does not hear of it.
    pub async fn create_post(
        &self,
        caller: &Caller,
        new: NewPost,
        now: Timestamp,
        except_socket: Option<&str>,
    ) -> Result<PostView, Refusal> {
        let known = self.known(&new.accounts).await?;
        let id = PostId::from_number(numbers::unique(now));
        let warning = match new.scheduled_at {
            Some(_) => None,
            None => wall_time_warning(new.tz.as_deref(), new.local_time.as_deref()),
        };
        let asked = new.media.clone();
        let post = Post::create(id, caller, new, &known, now).map_err(Refusal::Invalid)?;
        let servers = self.servers(known, now).await;
        self.check_text(&post, &servers).map_err(Refusal::Invalid)?;
        let post = Post { media: self.attach(&asked, now).await?, ..post };
        self.check_content(&post, &servers)?;
        self.note_use(&post).await?;
        self.data.create_post(&post).await?;
        self.announce(news::created(&post, except_socket)).await;
        Ok(PostView { warnings: warning.into_iter().collect(), ..PostView::new(post, &[]) })
    }

    /// Those of the accounts that exist. A list that is too long is refused by the rule anyway, and not read.
    pub(crate) async fn known(&self, ids: &[AccountId]) -> Result<Vec<Account>, Refusal> {
        let mut once: Vec<AccountId> = ids.iter().take(limits::ACCOUNTS).cloned().collect();
        once.sort();
        once.dedup();
        Ok(self.data.get_accounts(&once).await?)
    }
}
