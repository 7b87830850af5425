//! The key of AWS KMS that seals accounts' credentials.

use auth::Secret;
use vault::{HttpError, Keys, KmsKeys};

use crate::{ConfigError, Env, File};

/// A key of AWS KMS, and how it is called.
#[derive(Debug, Clone)]
pub struct KmsConfig {
    key_id: String,
    region: String,
    access_key: String,
    secret: Secret,
    token: Option<Secret>,
    url: Option<String>,
}

impl KmsConfig {
    /// Reads the key that seals, if one is named.
    pub(crate) fn read(env: &Env, file: &File) -> Result<Option<Self>, ConfigError> {
        Self::named(env, env.get("KMS_KEY_ID").or(file.publishing.kms_key_id.as_deref()))
    }

    /// Reads the key that only opens, if one is named.
    pub(crate) fn read_also(env: &Env, file: &File) -> Result<Option<Self>, ConfigError> {
        Self::named(env, env.get("KMS_KEY_ID_ALSO").or(file.publishing.kms_key_id_also.as_deref()))
    }

    fn named(env: &Env, key_id: Option<&str>) -> Result<Option<Self>, ConfigError> {
        let Some(key_id) = key_id else { return Ok(None) };
        let need = |name: &str, example: &'static str| {
            env.get(name).map(str::to_owned).ok_or_else(|| ConfigError::missing(name, example))
        };
        Ok(Some(Self {
            key_id: key_id.to_owned(),
            region: need("AWS_REGION", "eu-central-1")?,
            access_key: need("AWS_ACCESS_KEY_ID", "the id of an access key")?,
            secret: Secret::new(need("AWS_SECRET_ACCESS_KEY", "the secret of that access key")?),
            token: env.get("AWS_SESSION_TOKEN").map(Secret::new),
            url: env.get("AWS_ENDPOINT_URL_KMS").map(str::to_owned),
        }))
    }

    /// The provider of keys.
    ///
    /// # Errors
    /// When the system has no CA certificates.
    pub fn keys(&self) -> Result<Keys, HttpError> {
        let text = |secret: &Secret| String::from_utf8_lossy(secret.expose()).into_owned();
        let (secret, token) = (text(&self.secret), self.token.as_ref().map(text));
        let credentials = (self.access_key.as_str(), secret.as_str(), token.as_deref());
        KmsKeys::new(&self.key_id, &self.region, credentials, self.url.as_deref()).map(Keys::Kms)
    }
}
