//! From a token to a user.
//!
//! The library checks the signature only; times are checked here, because now is an argument.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use protocol::UserId;
use protocol::limits::USER_ID_CHARS;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::{JwtRules, Keys, User, Workspace, WorkspaceId};

/// Longest token that is read, in bytes. Ours: what fits a header of common proxies (8 KiB).
const TOKEN_BYTES: usize = 8 * 1024;

/// Why a token was refused. Fit to be shown; never holds the token or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Absurdly long.
    #[error("The token is too long: at most {TOKEN_BYTES} bytes are allowed")]
    TooLong,
    /// No JWT at all, or with an algorithm that nobody should use.
    #[error("The token is malformed: expected a signed JWT")]
    Malformed,
    /// Not on the list.
    #[error("The token's algorithm is not accepted: use {0}")]
    Algorithm(String),
    /// A secret is configured and the token asks for a public key, or the reverse.
    #[error("The token is signed with {0}, which does not fit the keys of this server")]
    WrongKind(&'static str),
    /// The header has critical extensions, which nobody here understands.
    #[error("The token's header has 'crit' extensions, which are not supported")]
    Critical,
    /// Several keys would fit.
    #[error("The token names no key: its header needs a 'kid'")]
    NoKeyId,
    /// The key set has no such key.
    #[error("The token's key id is unknown: it was signed with a key that is not published")]
    UnknownKeyId,
    /// The keys cannot be had right now; says nothing about the token.
    #[error("The keys that verify tokens cannot be fetched right now: try again in a moment")]
    KeysUnavailable,
    /// Signed with another key, or altered.
    #[error("The token's signature is wrong: it was not made with the key of this server")]
    Signature,
    /// Without an end.
    #[error("The token has no 'exp': it must say when it expires, in seconds since 1970")]
    NoExpiry,
    /// Over.
    #[error("The token has expired: get a new one")]
    Expired,
    /// Not yet.
    #[error("The token is not valid yet: its 'nbf' lies in the future")]
    NotYet,
    /// For somebody else.
    #[error("The token's 'aud' is not the one that this server expects")]
    Audience,
    /// By somebody else.
    #[error("The token's 'iss' is not the one that this server expects")]
    Issuer,
    /// About nobody.
    #[error(
        "The token has no user id: its '{0}' must be a text of 1 to {USER_ID_CHARS} characters, or a whole number"
    )]
    NoUserId(String),
    /// Workspaces in a form that we do not know.
    #[error("The token's '{0}' must be a list of workspace ids, or an object from id to role")]
    Workspaces(String),
}

/// Verifies a token at the time `now_s` (seconds since 1970) and reads the user from it.
///
/// # Errors
/// [`TokenError`], which says what is wrong with the token.
pub fn verify(token: &str, keys: &Keys, rules: &JwtRules, now_s: u64) -> Result<User, TokenError> {
    let claims = signed_claims(token, keys, rules)?;
    check_times(&claims, rules, now_s)?;
    check_parties(&claims, rules)?;
    user(claims, rules)
}

/// The claims, once the signature is known to be good.
fn signed_claims(
    token: &str,
    keys: &Keys,
    rules: &JwtRules,
) -> Result<Map<String, Value>, TokenError> {
    if token.len() > TOKEN_BYTES {
        return Err(TokenError::TooLong);
    }
    let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
    if header.crit.is_some() {
        return Err(TokenError::Critical);
    }
    let name = format!("{:?}", header.alg);
    let algorithm = rules.algorithms.iter().copied().find(|it| it.name() == name);
    let algorithm = algorithm.ok_or_else(|| TokenError::Algorithm(rules.accepted()))?;
    let key = keys.find(algorithm, header.kid.as_deref())?;

    let mut signature_only = Validation::new(header.alg);
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false;
    signature_only.validate_aud = false;
    decode(token, key, &signature_only).map(|data| data.claims).map_err(|error| {
        match error.kind() {
            ErrorKind::InvalidSignature => TokenError::Signature,
            _ => TokenError::Malformed,
        }
    })
}

/// `exp` and `nbf` (RFC 7519, section 4.1): seconds, possibly with a fraction.
fn check_times(
    claims: &Map<String, Value>,
    rules: &JwtRules,
    now_s: u64,
) -> Result<(), TokenError> {
    let expires = claims.get("exp").and_then(Value::as_f64).ok_or(TokenError::NoExpiry)?;
    // Exact: whole seconds stay far below 2^53.
    let (now, leeway) = (now_s as f64, rules.leeway_s as f64);
    if now >= expires + leeway {
        return Err(TokenError::Expired);
    }
    match claims.get("nbf").filter(|nbf| !nbf.is_null()) {
        None => Ok(()),
        Some(nbf) if now + leeway >= nbf.as_f64().ok_or(TokenError::Malformed)? => Ok(()),
        Some(_) => Err(TokenError::NotYet),
    }
}

fn check_parties(claims: &Map<String, Value>, rules: &JwtRules) -> Result<(), TokenError> {
    if let Some(audience) = &rules.audience {
        let named = match claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(several)) => several.iter().any(|it| it == audience.as_str()),
            _ => false,
        };
        if !named {
            return Err(TokenError::Audience);
        }
    }
    match &rules.issuer {
        Some(issuer) if claims.get("iss").is_none_or(|it| it != issuer.as_str()) => {
            Err(TokenError::Issuer)
        }
        _ => Ok(()),
    }
}

fn user(mut claims: Map<String, Value>, rules: &JwtRules) -> Result<User, TokenError> {
    let id = claims.get(&rules.user_id_claim).and_then(id_text);
    let id = id.filter(|id| id.chars().count() <= USER_ID_CHARS);
    let id = id.ok_or_else(|| TokenError::NoUserId(rules.user_id_claim.clone()))?;
    let workspaces = workspaces(claims.get(&rules.workspaces_claim));
    let workspaces =
        workspaces.ok_or_else(|| TokenError::Workspaces(rules.workspaces_claim.clone()))?;
    let info = claims.remove(&rules.info_claim).filter(|info| !info.is_null());
    Ok(User { id: UserId::new(id), info, workspaces })
}

/// Ids are texts; whole numbers count as the text of their digits. Nothing has an empty id.
fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        _ => None,
    }
}

fn workspaces(claim: Option<&Value>) -> Option<Vec<Workspace>> {
    match claim {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(ids)) => ids
            .iter()
            .map(|id| Some(Workspace { id: WorkspaceId::new(id_text(id)?), role: None }))
            .collect(),
        Some(Value::Object(roles)) => roles
            .iter()
            .map(|(id, role)| {
                let role = match role {
                    Value::Null => None,
                    Value::String(role) => Some(role.clone()),
                    _ => return None,
                };
                let id = (!id.is_empty()).then(|| WorkspaceId::new(id.as_str()))?;
                Some(Workspace { id, role })
            })
            .collect(),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
