//! Verification of tokens by a shared secret, or by public keys from a JWKS URL: fetched, cached, rotated.

mod fetch;
mod rotation;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use identity::{JwtRules, Keys, TokenError, User};

use fetch::Source;
pub use fetch::UrlError;
use rotation::{Pace, Rotation};

/// Tells users from their tokens. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Verifier {
    rules: JwtRules,
    keys: KeySource,
}

#[derive(Debug)]
enum KeySource {
    Fixed(Keys),
    Rotating(Arc<Rotation>),
}

impl Verifier {
    /// Verifies HS256 tokens by a shared secret.
    pub fn secret(secret: &[u8], rules: JwtRules) -> Self {
        Self { rules, keys: KeySource::Fixed(Keys::secret(secret)) }
    }

    /// Verifies RS256 and ES256 tokens by the keys at a URL. Nothing is fetched before the first token.
    ///
    /// # Errors
    /// [`UrlError`] when the URL is none, or would be fetched unprotected over a network.
    pub fn jwks(url: &str, rules: JwtRules) -> Result<Self, UrlError> {
        Ok(Self::rotating(Source::new(url)?, rules, Pace::default()))
    }

    fn rotating(source: Source, rules: JwtRules, pace: Pace) -> Self {
        Self { rules, keys: KeySource::Rotating(Arc::new(Rotation::new(source, pace))) }
    }

    /// Reads the user from a token, as of now.
    ///
    /// # Errors
    /// [`TokenError`]; `KeysUnavailable` says nothing about the token and is worth a retry.
    pub async fn verify(&self, token: &str) -> Result<User, TokenError> {
        match &self.keys {
            KeySource::Fixed(keys) => self.check(token, keys),
            KeySource::Rotating(rotation) => self.check_rotating(token, rotation).await,
        }
    }

    /// A key id that is not in the set may be a new one: look once more before refusing.
    async fn check_rotating(
        &self,
        token: &str,
        rotation: &Arc<Rotation>,
    ) -> Result<User, TokenError> {
        let known = rotation.fresh().await.ok_or(TokenError::KeysUnavailable)?;
        match self.check(token, &known.keys) {
            Err(TokenError::UnknownKeyId) => match rotation.newer(&known).await {
                Some(newer) => self.check(token, &newer.keys),
                None => Err(TokenError::UnknownKeyId),
            },
            verdict => verdict,
        }
    }

    fn check(&self, token: &str, keys: &Keys) -> Result<User, TokenError> {
        identity::verify(token, keys, &self.rules, now_s())
    }
}

/// Seconds since 1970. A clock before that makes every token look valid for long, so it counts as the end of time.
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
