//! Copies by the weeks they were made in, for whoever looks for those that nothing needs.

use futures::TryStreamExt;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use posts::MediaKey;

use crate::Media;
use crate::place::of;

/// A place that does not answer. The cause is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the place of pictures does not answer")]
pub struct Unavailable;

impl Media {
    /// The weeks that have copies.
    ///
    /// # Errors
    /// When the place does not answer.
    pub async fn weeks(&self) -> Result<Vec<String>, Unavailable> {
        let Some(kept) = &self.0 else { return Ok(Vec::new()) };
        let all = kept.place.week(None);
        let found = of!(kept.place, it => it.list_with_delimiter(Some(&all)).await);
        let found = found.map_err(|cause| lost(&cause))?;
        let names = found.common_prefixes.iter().filter_map(|path| path.filename());
        Ok(names.map(str::to_owned).collect())
    }

    /// The copies of a week. What is there and has no name of a copy is not ours, and passed over.
    ///
    /// # Errors
    /// When the place does not answer.
    pub async fn copies(&self, week: &str) -> Result<Vec<MediaKey>, Unavailable> {
        let Some(kept) = &self.0 else { return Ok(Vec::new()) };
        let week_path = kept.place.week(Some(week));
        let listed = of!(kept.place, it => it.list(Some(&week_path)));
        let found: Vec<_> = listed.try_collect().await.map_err(|cause| lost(&cause))?;
        let files = found.iter().filter_map(|it| it.location.filename());
        Ok(files.filter_map(|file| MediaKey::parse(format!("{week}/{file}")).ok()).collect())
    }

    /// Removes a copy. One that is gone already is fine.
    ///
    /// # Errors
    /// When the place does not answer.
    pub async fn remove(&self, key: &MediaKey) -> Result<(), Unavailable> {
        let Some(kept) = &self.0 else { return Ok(()) };
        let path = kept.place.path(key);
        match of!(kept.place, it => it.delete(&path).await) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(lost(&cause)),
        }
    }
}

fn lost(cause: &Error) -> Unavailable {
    tracing::error!(%cause, "copies of pictures cannot be listed or removed");
    Unavailable
}
