//! Tokens of our own making, for trying things and for demo mode.

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::{JwtRules, User};

/// Why no token could be made.
#[derive(Debug, Error)]
#[error("the token could not be signed")]
pub struct MintError(#[from] jsonwebtoken::errors::Error);

/// Makes an HS256 token that [`verify`](crate::verify) accepts under the same rules
/// for `ttl_s` seconds from `now_s` (seconds since 1970).
///
/// # Errors
/// [`MintError`] if the library refuses the secret; it takes any bytes today.
pub fn mint(
    user: &User,
    secret: &[u8],
    rules: &JwtRules,
    ttl_s: u64,
    now_s: u64,
) -> Result<String, MintError> {
    let mut claims = Map::new();
    claims.insert(rules.user_id_claim.clone(), user.id.as_str().into());
    claims.insert("iat".into(), now_s.into());
    claims.insert("exp".into(), now_s.saturating_add(ttl_s).into());
    if let Some(audience) = &rules.audience {
        claims.insert("aud".into(), audience.as_str().into());
    }
    if let Some(issuer) = &rules.issuer {
        claims.insert("iss".into(), issuer.as_str().into());
    }
    if let Some(info) = &user.info {
        claims.insert(rules.info_claim.clone(), info.clone());
    }
    if !user.workspaces.is_empty() {
        claims.insert(rules.workspaces_claim.clone(), workspaces(user));
    }
    Ok(encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))?)
}

/// A plain list, or a map from id to role as soon as one has a role.
fn workspaces(user: &User) -> Value {
    if user.workspaces.iter().all(|it| it.role.is_none()) {
        return user.workspaces.iter().map(|it| it.id.as_str()).collect();
    }
    let role = |role: &Option<String>| role.as_deref().map_or(Value::Null, Value::from);
    let roles = user.workspaces.iter().map(|it| (it.id.to_string(), role(&it.role)));
    Value::Object(roles.collect())
}
