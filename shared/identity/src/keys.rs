//! Keys that verify tokens: one shared secret, or public keys. Never both, so that a public key
//! cannot be passed off as an HMAC secret (RFC 8725, section 2.1).

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use serde::Deserialize;
use thiserror::Error;

use crate::{Algorithm, TokenError};

/// Most keys read from one document. Ours: providers publish two or three.
const JWKS_KEYS: usize = 32;
/// Shortest RSA modulus in bytes (RFC 7518, section 3.3: 2048 bits).
const RSA_MODULUS_BYTES: usize = 256;

/// What verifies tokens.
#[derive(Debug, Clone)]
pub enum Keys {
    /// One secret for HS256.
    Secret(SecretKey),
    /// Public keys for RS256 and ES256.
    Public(PublicKeys),
}

/// An HS256 secret.
#[derive(Debug, Clone)]
pub struct SecretKey(DecodingKey);

/// The keys of a JWKS document.
#[derive(Debug, Clone)]
pub struct PublicKeys(Vec<PublicKey>);

#[derive(Debug, Clone)]
struct PublicKey {
    kid: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Why a JWKS document was refused.
#[derive(Debug, Error)]
pub enum JwksError {
    /// Not a key set.
    #[error("not a JWKS document: expected a JSON object with a list 'keys' (RFC 7517)")]
    Malformed(#[source] serde_json::Error),
    /// Absurdly many keys.
    #[error("too many keys: at most {JWKS_KEYS} are read")]
    TooMany,
    /// Nothing in it verifies RS256 or ES256.
    #[error("no usable key: expected RSA keys of 2048 bits or more, or EC keys on P-256")]
    Empty,
}

/// Each key is read by itself: a set may hold kinds that we do not know.
#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl Keys {
    /// A shared secret for HS256. Whoever configures it sees to it that it is long and random.
    pub fn secret(secret: &[u8]) -> Self {
        Self::Secret(SecretKey(DecodingKey::from_secret(secret)))
    }

    /// The public keys of a JWKS document. Keys of other kinds, or for encryption, are passed over.
    ///
    /// # Errors
    /// [`JwksError`] when no key is left or the document is none.
    pub fn jwks(document: &[u8]) -> Result<Self, JwksError> {
        let document: Document = serde_json::from_slice(document).map_err(JwksError::Malformed)?;
        if document.keys.len() > JWKS_KEYS {
            return Err(JwksError::TooMany);
        }
        let keys: Vec<_> = document.keys.into_iter().filter_map(public_key).collect();
        if keys.is_empty() {
            return Err(JwksError::Empty);
        }
        Ok(Self::Public(PublicKeys(keys)))
    }

    /// The key for a token's header. Without a `kid` the set must leave no choice.
    pub(crate) fn find(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> Result<&DecodingKey, TokenError> {
        match self {
            Self::Secret(SecretKey(key)) if algorithm == Algorithm::Hs256 => Ok(key),
            Self::Secret(_) => Err(TokenError::WrongKind(algorithm.name())),
            Self::Public(_) if algorithm == Algorithm::Hs256 => {
                Err(TokenError::WrongKind(algorithm.name()))
            }
            Self::Public(PublicKeys(keys)) => {
                let mut fitting = keys
                    .iter()
                    .filter(|key| key.algorithm == algorithm)
                    .filter(|key| kid.is_none() || key.kid.as_deref() == kid);
                match (fitting.next(), fitting.next(), kid) {
                    (Some(key), None, _) | (Some(key), Some(_), Some(_)) => Ok(&key.key),
                    (Some(_), Some(_), None) => Err(TokenError::NoKeyId),
                    (None, ..) => Err(TokenError::UnknownKeyId),
                }
            }
        }
    }
}

fn public_key(value: serde_json::Value) -> Option<PublicKey> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
        return None;
    }
    let algorithm = match &jwk.algorithm {
        // Base64 writes three bytes as four characters.
        AlgorithmParameters::RSA(rsa) if rsa.n.len() * 3 / 4 >= RSA_MODULUS_BYTES => {
            Algorithm::Rs256
        }
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
            Algorithm::Es256
        }
        _ => return None,
    };
    // A key that names its algorithm serves no other (RFC 7517, section 4.4).
    if jwk.common.key_algorithm.is_some_and(|named| named.to_string() != algorithm.name()) {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some(PublicKey { kid: jwk.common.key_id, algorithm, key })
}
