//! Where platforms that fetch pictures themselves find our copies.

use std::time::Duration;

use object_store::signer::Signer;
use posts::MediaKey;
use reqwest::Method;

use crate::Media;
use crate::place::Kind;

/// How long a signed address of a bucket works. Source: the rules for media, an hour at least.
const SIGNED: Duration = Duration::from_secs(12 * 3600);

impl Media {
    /// Whether copies have public addresses: a bucket signs them, any other place needs this server's.
    pub fn is_public(&self) -> bool {
        let Some(kept) = &self.0 else { return false };
        kept.public_url.is_some() || matches!(kept.place.kind, Kind::Bucket(_))
    }

    /// The public address of a copy. Nobody can guess it who does not have the picture: its hash is part of it.
    pub async fn address(&self, key: &MediaKey) -> Option<String> {
        let kept = self.0.as_ref()?;
        let Kind::Bucket(store) = &kept.place.kind else {
            return kept.public_url.as_ref().map(|public| format!("{public}/media/{key}"));
        };
        let signed = store.signed_url(Method::GET, &kept.place.path(key), SIGNED).await;
        signed
            .inspect_err(|cause| tracing::error!(%key, %cause, "a picture's address is not signed"))
            .ok()
            .map(String::from)
    }
}
