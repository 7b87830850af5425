//! Secrets at rest, in envelopes: each is sealed with AES-256-GCM under a data key, and the data key is wrapped by
//! a key that never leaves its provider. A sealed text is bound to its place: moved elsewhere it does not open.

mod cipher;
mod keys;
mod kms;
mod local;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

pub use keys::{DataKey, KeyProvider, Keys};
pub use kms::KmsKeys;
pub use local::LocalKeys;
pub use outbound::HttpError;

/// How long an unwrapped data key is kept. Source: the rules for tokens, "cache unwrapped keys 5 min".
const KEPT: Duration = Duration::from_secs(5 * 60);
/// Most data keys that are kept. Ours: one for each busy workspace.
const MOST_KEPT: usize = 1_000;
/// The place of the keys that seal.
const SEALS: usize = 0;
/// What a sealed text begins with: its format.
const FORMAT: &str = "v1";

/// Why something cannot be sealed or opened. Nothing of the secret is in it.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The text is not a sealed one, was changed, or belongs elsewhere.
    #[error("a sealed secret is damaged or not in its place")]
    Damaged,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoChance,
    /// The key provider does not answer, or not to us; the cause is logged.
    #[error("the key provider does not answer; try again later")]
    Unavailable,
    /// The key file cannot be used.
    #[error(
        "the key file {path} cannot be used ({cause}); restore it from a backup, and keep it private to this user"
    )]
    KeyFile {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        cause: String,
    },
}

/// Seals and opens secrets.
#[derive(Debug)]
pub struct Vault {
    /// What seals.
    keys: Keys,
    /// What opens as well.
    also: Vec<Keys>,
    kept: Mutex<Kept>,
}

/// Data keys that were used of late: by workspace to seal, by their wrapped form to open.
#[derive(Debug, Default)]
struct Kept {
    to_seal: HashMap<String, (Instant, DataKey)>,
    to_open: HashMap<(usize, Vec<u8>), (Instant, DataKey)>,
}

impl Vault {
    /// A vault on these keys.
    pub fn new(keys: Keys) -> Self {
        Self { keys, also: Vec::new(), kept: Mutex::default() }
    }

    /// The same that also opens what was sealed under other keys, while one takes the place of another.
    #[must_use]
    pub fn opening_also(self, also: Vec<Keys>) -> Self {
        Self { also, ..self }
    }

    /// Seals a secret of `workspace`, bound to `place`.
    ///
    /// # Errors
    /// When the key provider does not answer or chance runs out.
    pub async fn seal(
        &self,
        workspace: &str,
        place: &str,
        secret: &str,
    ) -> Result<String, VaultError> {
        let key = self.key_to_seal(workspace).await?;
        let sealed = cipher::seal(&key.key, place.as_bytes(), secret.as_bytes())?;
        Ok(format!("{FORMAT}.{}.{}", BASE64.encode(&key.wrapped), BASE64.encode(sealed)))
    }

    /// Opens what [`Vault::seal`] made with the same workspace and place.
    ///
    /// # Errors
    /// When the text is damaged or belongs elsewhere, or the key provider does not answer.
    pub async fn open(
        &self,
        workspace: &str,
        place: &str,
        sealed: &str,
    ) -> Result<String, VaultError> {
        self.open_by(workspace, place, sealed).await.map(|(_, secret)| secret)
    }

    /// Seals anew what is sealed under another key than the one that seals now. Nothing if it is sealed under that.
    ///
    /// # Errors
    /// When it opens under no key, or a key provider does not answer.
    pub async fn reseal(
        &self,
        workspace: &str,
        place: &str,
        sealed: &str,
    ) -> Result<Option<String>, VaultError> {
        match self.open_by(workspace, place, sealed).await? {
            (SEALS, _) => Ok(None),
            (_, secret) => self.seal(workspace, place, &secret).await.map(Some),
        }
    }

    /// Opens a text, and says by which keys.
    async fn open_by(
        &self,
        workspace: &str,
        place: &str,
        sealed: &str,
    ) -> Result<(usize, String), VaultError> {
        let mut parts = sealed.split('.');
        let (Some(FORMAT), Some(wrapped), Some(text), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(VaultError::Damaged);
        };
        let decode = |text: &str| BASE64.decode(text).map_err(|_| VaultError::Damaged);
        let (wrapped, text) = (decode(wrapped)?, decode(text)?);
        let mut trouble = VaultError::Damaged;
        for (nth, keys) in self.in_order() {
            match self.key_to_open((nth, keys), workspace, wrapped.clone()).await {
                // These keys wrapped it, so the others did not.
                Ok(key) => {
                    let opened = cipher::open(&key.key, place.as_bytes(), text)?;
                    let opened = String::from_utf8(opened).map_err(|_| VaultError::Damaged)?;
                    return Ok((nth, opened));
                }
                Err(VaultError::Damaged) => {}
                // Another one may open it all the same.
                Err(error) => trouble = error,
            }
        }
        Err(trouble)
    }

    /// All keys, with their place: those first that can be asked without a call.
    fn in_order(&self) -> impl Iterator<Item = (usize, &Keys)> {
        let all = || std::iter::once(&self.keys).chain(&self.also).enumerate();
        let here = |(_, keys): &(usize, &Keys)| matches!(keys, Keys::Local(_));
        all().filter(here).chain(all().filter(move |it| !here(it)))
    }

    async fn key_to_seal(&self, workspace: &str) -> Result<DataKey, VaultError> {
        if let Some(key) = self.look(|kept| fresh(&kept.to_seal, workspace)) {
            return Ok(key);
        }
        let key = self.keys.new_data_key(workspace).await?;
        self.look(|kept| keep(&mut kept.to_seal, workspace.to_owned(), &key));
        Ok(key)
    }

    async fn key_to_open(
        &self,
        (nth, keys): (usize, &Keys),
        workspace: &str,
        wrapped: Vec<u8>,
    ) -> Result<DataKey, VaultError> {
        // The workspace is part of the name: a key that is kept must not open for another one.
        let name = (nth, [workspace.as_bytes(), b"\0", &wrapped].concat());
        if let Some(key) = self.look(|kept| fresh(&kept.to_open, &name)) {
            return Ok(key);
        }
        let key = keys.open_data_key(workspace, wrapped).await?;
        self.look(|kept| keep(&mut kept.to_open, name, &key));
        Ok(key)
    }

    fn look<T>(&self, at: impl FnOnce(&mut Kept) -> T) -> T {
        // What is kept is whole at every point, so a panic elsewhere does no harm.
        at(&mut self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn fresh<K, Q>(kept: &HashMap<K, (Instant, DataKey)>, name: &Q) -> Option<DataKey>
where
    K: std::hash::Hash + Eq + std::borrow::Borrow<Q>,
    Q: std::hash::Hash + Eq + ?Sized,
{
    kept.get(name).filter(|(since, _)| since.elapsed() < KEPT).map(|(_, key)| key.clone())
}

fn keep<K: std::hash::Hash + Eq>(
    kept: &mut HashMap<K, (Instant, DataKey)>,
    name: K,
    key: &DataKey,
) {
    if kept.len() >= MOST_KEPT {
        kept.clear();
    }
    kept.insert(name, (Instant::now(), key.clone()));
}

#[cfg(test)]
mod tests;
