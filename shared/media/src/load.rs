//! Copies read back, for platforms that take bytes.

use bytes::Bytes;
use object_store::ObjectStoreExt;
use posts::{MediaKey, Medium};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::place::of;
use crate::{Kept, LOAD, Media, units};

/// Copies in memory. Their room is free again when this is dropped.
#[derive(Debug)]
pub struct Loaded {
    /// The bytes of each, in order.
    pub bytes: Vec<Bytes>,
    _room: OwnedSemaphorePermit,
}

/// Why a copy cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotLoaded {
    /// There is none of this name.
    Gone,
    /// The place does not answer, or there is no room; the cause is logged. Try again later.
    Unavailable,
}

impl Media {
    /// Reads the copies of a post's pictures.
    ///
    /// # Errors
    /// When one is gone, or they cannot be had within [`LOAD`].
    pub async fn load(&self, media: &[Medium]) -> Result<Loaded, NotLoaded> {
        let keys: Vec<_> = media.iter().map(|medium| &medium.key).collect();
        self.read(&keys, media.iter().map(|medium| medium.picture.bytes).sum()).await
    }

    /// Reads one copy by its name.
    ///
    /// # Errors
    /// As [`Media::load`].
    pub async fn load_one(&self, key: &MediaKey) -> Result<Loaded, NotLoaded> {
        self.read(&[key], posts::limits::PICTURE_BYTES as u64).await
    }

    async fn read(&self, keys: &[&MediaKey], bytes: u64) -> Result<Loaded, NotLoaded> {
        let kept = self.0.as_ref().ok_or(NotLoaded::Gone)?;
        timeout(LOAD, kept.read(keys, bytes)).await.unwrap_or_else(|_| {
            tracing::error!("pictures were not read in time, or there was no room for them");
            Err(NotLoaded::Unavailable)
        })
    }
}

impl Kept {
    async fn read(&self, keys: &[&MediaKey], bytes: u64) -> Result<Loaded, NotLoaded> {
        let room = self.room.clone().acquire_many_owned(units(bytes)).await;
        let mut loaded =
            Loaded { bytes: Vec::new(), _room: room.map_err(|_| NotLoaded::Unavailable)? };
        for key in keys {
            loaded.bytes.push(self.read_one(key).await?);
        }
        Ok(loaded)
    }

    async fn read_one(&self, key: &MediaKey) -> Result<Bytes, NotLoaded> {
        let path = self.place.path(key);
        let found = async { of!(self.place, it => it.get(&path).await)?.bytes().await };
        found.await.map_err(|cause| match cause {
            object_store::Error::NotFound { .. } => NotLoaded::Gone,
            cause => {
                tracing::error!(%key, %cause, "a picture cannot be read");
                NotLoaded::Unavailable
            }
        })
    }
}
