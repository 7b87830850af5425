//! Create an app.

use apps::{AppSpec, AppView, KeySpec, NewApp, SecretText, Source};
use auth::Secret;
use protocol::{AppId, AppKey};

use crate::{Refusal, Registry};

/// Random bytes of a key, as Pusher's have them: 20 hexadecimal digits.
const KEY_BYTES: usize = 10;
/// Random bytes of a secret: 128 bits.
const SECRET_BYTES: usize = 16;
/// The ids that are drawn, as Pusher's are: some decimal digits.
const IDS: std::ops::Range<u64> = 1_000_000..10_000_000_000;

/// An app with a key pair that was just made: the only time that its secret is told.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// The app.
    pub app: AppView,
    /// The new key.
    pub key: String,
    /// Its secret.
    pub secret: Secret,
}

impl Registry {
    /// Makes an app with its first key.
    ///
    /// # Errors
    /// When a field cannot be used, the id is taken, or the store does not answer.
    pub async fn create(&self, new: NewApp) -> Result<Fresh, Refusal> {
        let spec = new.with(rand::random_range(IDS).to_string(), pair());
        let id = spec.check()?.app.id;
        let mut served = self.turn.lock().await;
        if self.configured(&id).is_some() {
            return Err(Refusal::Taken);
        }
        self.free(&spec.keys[0])?;
        match self.data.create_app(&id, &text(&spec)?).await {
            Err(data::Error::Conflict) => return Err(Refusal::Taken),
            done => done?,
        }
        self.refresh(&mut served).await?;
        Ok(fresh(&spec))
    }

    /// Gives an app a new key beside the old ones.
    ///
    /// # Errors
    /// When there is no such app in the table, it has too many keys, or the store does not answer.
    pub async fn rotate_key(&self, id: &AppId) -> Result<Fresh, Refusal> {
        let pair = pair();
        self.free(&pair)?;
        self.change(id, |spec| Ok(spec.rotate_key(pair)?)).await.map(|spec| fresh(&spec))
    }

    /// Whether no other app has a key of this name.
    fn free(&self, pair: &KeySpec) -> Result<(), Refusal> {
        let taken = self.apps.load().by_key(&AppKey::new(pair.key.as_str())).is_some();
        if taken { Err(Refusal::KeyTaken) } else { Ok(()) }
    }
}

/// The row's text.
pub(crate) fn text(spec: &AppSpec) -> Result<String, Refusal> {
    serde_json::to_string(spec).map_err(|error| {
        tracing::error!(app = spec.id, %error, "an app cannot be written down");
        Refusal::Unavailable
    })
}

fn fresh(spec: &AppSpec) -> Fresh {
    let KeySpec { key, secret } = spec.keys[0].clone();
    Fresh { app: spec.view(Source::Table), key, secret: secret.0 }
}

fn pair() -> KeySpec {
    let key = hex::encode(rand::random::<[u8; KEY_BYTES]>());
    let secret = hex::encode(rand::random::<[u8; SECRET_BYTES]>());
    KeySpec { key, secret: SecretText(Secret::new(secret)) }
}
