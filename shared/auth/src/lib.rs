//! Signatures of the Pusher Channels protocol. Pure.
//!
//! Source of the rules: Pusher's "Auth signatures" and "HTTP API" references. All signatures are
//! HMAC-SHA256 with the app's secret, written as lower-case hex.

mod channel;
mod request;
mod user;
mod webhook;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use protocol::AppKey;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use thiserror::Error;

pub use channel::{sign_channel, verify_channel};
pub use request::{Request, RequestError, query_params, sign_request, verify_request};
pub use user::{sign_user, verify_user};
pub use webhook::sign_webhook;

/// A shared secret. Never shown, not even by `Debug`.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Takes over a secret's bytes.
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        Self(secret.as_ref().into())
    }

    /// The bytes, for whoever computes with them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether a text from outside is this secret, in constant time. Nothing is an empty secret:
    /// a setting left blank must not open a door.
    pub fn is(&self, candidate: &[u8]) -> bool {
        !self.0.is_empty() && self.0.ct_eq(candidate).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// One of an app's key pairs; an app has several while it rotates them.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// The public half, part of every signature's text.
    pub key: AppKey,
    /// The half that signs.
    pub secret: Secret,
}

impl KeyPair {
    /// Pairs a key with its secret.
    pub fn new(key: impl AsRef<str>, secret: impl AsRef<[u8]>) -> Self {
        Self { key: AppKey::new(key.as_ref()), secret: Secret::new(secret) }
    }

    /// The signature of a text as lower-case hex.
    fn sign(&self, text: &[u8]) -> String {
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(self.secret.expose()) else {
            unreachable!("HMAC takes keys of any length (RFC 2104)");
        };
        hex::encode(mac.chain_update(text).finalize().into_bytes())
    }

    /// Whether `signature` is the signature of `text`, in constant time.
    fn verify(&self, text: &[u8], signature: &str) -> bool {
        self.sign(text).as_bytes().ct_eq(signature.as_bytes()).into()
    }
}

/// Why a client's signature was refused, in Pusher's words where they are known.
/// Fit to be shown: it holds what was signed and what was sent, never the right signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthError {
    /// No signature came along.
    #[error("Auth info required to {0}")]
    Missing(String),
    /// Not `key:signature`.
    #[error("Auth value for {0} is invalid: should be of format 'key:signature'")]
    Malformed(String),
    /// The app has no such key.
    #[error("Invalid key in {0} auth data: '{1}'")]
    UnknownKey(&'static str, String),
    /// The signature is of something else, or made with another secret.
    #[error("Invalid signature: Expected HMAC SHA256 hex digest of {signed}, but got {got}")]
    BadSignature {
        /// The text that should have been signed.
        signed: String,
        /// What came.
        got: String,
    },
}

/// What a client's signature is about: two phrases for Pusher's messages and a word.
struct Purpose {
    /// As in "Auth info required to …".
    verb: String,
    /// As in "Auth value for …".
    noun: String,
    /// As in "Invalid key in … auth data".
    kind: &'static str,
}

/// Checks `key:signature` against the text it should sign.
fn check(keys: &[KeyPair], text: &str, auth: &str, purpose: Purpose) -> Result<(), AuthError> {
    if auth.is_empty() {
        return Err(AuthError::Missing(purpose.verb));
    }
    // A key has no colon, so the first one ends it.
    let Some((key, signature)) = auth.split_once(':') else {
        return Err(AuthError::Malformed(purpose.noun));
    };
    let Some(pair) = keys.iter().find(|pair| pair.key.as_str() == key) else {
        return Err(AuthError::UnknownKey(purpose.kind, clip(key)));
    };
    if pair.verify(text.as_bytes(), signature) {
        return Ok(());
    }
    Err(AuthError::BadSignature { signed: clip(text), got: clip(signature) })
}

/// The beginning of a text from outside, for use in a message.
fn clip(text: &str) -> String {
    /// Shows a whole signed text of usual size; ours, so that an error stays smaller than a frame.
    const SHOWN: usize = 512;
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let pair = KeyPair::new("key", "hush");
        assert_eq!(format!("{pair:?}"), r#"KeyPair { key: AppKey("key"), secret: Secret(…) }"#);
    }

    #[test]
    fn secrets_compare_whole() {
        let secret = Secret::new("hush");
        for other in ["", "hus", "hush ", "Hush"] {
            assert!(!secret.is(other.as_bytes()), "{other:?}");
        }
        assert!(secret.is(b"hush"));
        assert!(!Secret::new("").is(b""));
    }
}
