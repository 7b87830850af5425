//! A picture fetched, judged and kept.

use bytes::Bytes;
use object_store::ObjectStoreExt;
use outbound::{Body, Call, Reply};
use posts::{MediaKey, Medium, NewMedium, Timestamp, limits};
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

use crate::picture::{Refused, judge};
use crate::place::of;
use crate::{Kept, Media, units};

/// Why a picture was not attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAttached {
    /// Something about the picture or its address: a word for programs and a sentence for the author.
    Refused(&'static str, String),
    /// It could not be kept; the cause is logged. Try again later.
    Unavailable,
}

impl From<Refused> for NotAttached {
    fn from((code, message): Refused) -> Self {
        Self::Refused(code, message)
    }
}

impl Media {
    /// Fetches a picture and keeps a copy. A stop after that leaves a copy that nothing names; the sweep removes it.
    ///
    /// # Errors
    /// When the address is not open or does not answer, what is there is no picture that is taken, or it cannot be kept.
    pub async fn attach(&self, new: &NewMedium, now: Timestamp) -> Result<Medium, NotAttached> {
        let Some(kept) = &self.0 else {
            let message =
                "This server has no place for pictures. Tell the operator to set MEDIA_URL.";
            return Err(NotAttached::Refused("no_place", message.into()));
        };
        let most = units(limits::PICTURE_BYTES as u64);
        let room = kept.room.acquire_many(most).await;
        let _room = room.map_err(|_| NotAttached::Unavailable)?;
        let bytes = kept.fetch(&new.url, now).await?;
        let picture = judge(&bytes, &new.alt)?;
        let hash = hex::encode(Sha256::digest(&bytes));
        let key = MediaKey::new(now, &hash, &picture.mime).ok_or(NotAttached::Unavailable)?;
        // Written even if it is there: then it is as new as if it had not been.
        let path = kept.place.path(&key);
        if let Err(cause) = of!(kept.place, it => it.put(&path, bytes.into()).await) {
            tracing::error!(%cause, "a picture cannot be kept");
            return Err(NotAttached::Unavailable);
        }
        Ok(Medium { key, url: new.url.clone(), picture })
    }
}

impl Kept {
    async fn fetch(&self, url: &str, now: Timestamp) -> Result<Bytes, Refused> {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("image/*"))]);
        let call =
            Call { method: Method::GET, url, headers, body: Vec::new(), now_s: now.seconds() };
        let unreachable =
            |why: &str| ("unreachable", format!("The picture could not be fetched. {why}"));
        match self.http.call(call).await {
            Reply::Answered { status: 200, body, .. } => match body {
                Body::Whole(bytes) => Ok(bytes.into()),
                Body::TooLong => Err((
                    "too_large",
                    format!(
                        "Pictures of at most {} bytes are taken. Make it smaller.",
                        limits::PICTURE_BYTES
                    ),
                )),
                Body::Broken => Err(unreachable("The answer broke off.")),
            },
            Reply::Answered { status: 300..=399, .. } => Err((
                "redirect",
                "The address leads on to another one, which is not followed. Give the address of the picture itself."
                    .into(),
            )),
            Reply::Answered { status, .. } => {
                Err(unreachable(&format!("The address answered with status {status}.")))
            }
            Reply::Closed(refusal) => Err(("address", refusal.to_string())),
            Reply::NotSent(why) | Reply::Unknown(why) => Err(unreachable(why)),
        }
    }
}
