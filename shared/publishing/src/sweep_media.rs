//! Copies of pictures that nothing needs any more are removed.
//!
//! Only weeks that are over are looked through, to which nothing is attached any more; so nobody begins to use a copy
//! from outside while it is looked at. A series may hand its pictures on to its next post: the notes are read once more
//! after all that they named was found not to need the copy.

use data::{Error, MediaUser};
use futures::{StreamExt, stream};
use posts::{MediaKey, Timestamp, week_is_over};

use crate::{Announcer, PublishTo, Publishing};

/// Copies that are looked at at once.
const AT_ONCE: usize = 16;

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Looks through all copies of weeks that are over. Gives how many were removed. Trouble is logged, and left to the
    /// next run.
    pub(crate) async fn sweep_media(&self, now: Timestamp) -> usize {
        let mut removed = 0;
        let Ok(weeks) = self.media.weeks().await else { return removed };
        for week in weeks.iter().filter(|week| week_is_over(week, now)) {
            let Ok(copies) = self.media.copies(week).await else { return removed };
            let looks = copies.into_iter().map(|key| self.sweep_one(key, now));
            let looks: Vec<bool> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
            removed += looks.into_iter().filter(|gone| *gone).count();
        }
        if removed > 0 {
            tracing::info!(removed, "pictures that nothing needed were removed");
        }
        removed
    }

    async fn sweep_one(&self, key: MediaKey, now: Timestamp) -> bool {
        match self.remove_unused(&key, now).await {
            Ok(gone) => gone,
            Err(cause) => {
                tracing::error!(%key, ?cause, "a picture is left for the next sweep");
                false
            }
        }
    }

    async fn remove_unused(&self, key: &MediaKey, now: Timestamp) -> Result<bool, Error> {
        let users = self.data.media_users(key).await?;
        for user in &users {
            if self.needs(user, key, now).await? {
                return Ok(false);
            }
        }
        let again = self.data.media_users(key).await?;
        if again.iter().any(|user| !users.contains(user)) {
            return Ok(false);
        }
        if self.media.remove(key).await.is_err() {
            return Ok(false);
        }
        self.data.forget_media(key, &users).await?;
        Ok(true)
    }

    async fn needs(&self, user: &MediaUser, key: &MediaKey, now: Timestamp) -> Result<bool, Error> {
        let needs = match user {
            MediaUser::Post(id) => {
                self.data.get_post(id).await.map(|(post, _)| post.needs(key, now))
            }
            MediaUser::Series(id) => self.data.get_series(id).await.map(|series| series.needs(key)),
        };
        match needs {
            Err(Error::NotFound) => Ok(false),
            needs => needs,
        }
    }
}
