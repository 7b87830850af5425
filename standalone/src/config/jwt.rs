//! How users prove who they are.

use auth::Secret;
use url::Url;

use super::file::File;
use super::{ConfigError, Env, origins};

/// Fewest bytes of an HS256 secret (RFC 7518, section 3.2: as long as the hash).
const JWT_SECRET_BYTES: usize = 32;

/// Where the keys of tokens come from. One of the two, so that a token cannot choose.
#[derive(Debug, Clone)]
pub(crate) enum JwtKeys {
    /// HS256 with this secret.
    Secret(Secret),
    /// RS256 and ES256 with the keys at this address.
    Jwks(Url),
}

/// Which claims say what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The user's id.
    pub(crate) user: String,
    /// The user's workspaces: a list, or a map to roles.
    pub(crate) workspaces: String,
    /// What others may see of the user.
    pub(crate) info: String,
}

impl Default for Claims {
    fn default() -> Self {
        Self { user: "sub".into(), workspaces: "workspaces".into(), info: "user_info".into() }
    }
}

/// How tokens are checked.
#[derive(Debug, Clone)]
pub(crate) struct JwtConfig {
    /// What they are signed with.
    pub(crate) keys: JwtKeys,
    /// The `aud` they must name, if set.
    pub(crate) audience: Option<String>,
    /// The `iss` they must name, if set.
    pub(crate) issuer: Option<String>,
    /// Which claims say what.
    pub(crate) claims: Claims,
}

/// Reads how tokens are checked; nothing if neither a secret nor an address is set.
pub(super) fn read(env: &Env, file: &File) -> Result<Option<JwtConfig>, ConfigError> {
    let secret = env.get("JWT_SECRET").map(Secret::new);
    let url = env.get("JWT_JWKS_URL");
    // The environment's choice stands alone: a secret there does not meet an address in the file.
    let (secret, url) = match (&secret, url) {
        (None, None) => {
            (file.jwt.secret.as_ref().map(|secret| secret.0.clone()), file.jwt.jwks_url.as_deref())
        }
        _ => (secret, url),
    };
    let keys = match (secret, url) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            let why = "JWT_SECRET is set as well, and only one of the two may be";
            return Err(ConfigError::malformed(
                "JWT_JWKS_URL",
                why,
                "no value, or JWT_SECRET without one",
            ));
        }
        (Some(secret), None) => JwtKeys::Secret(long_enough(secret)?),
        (None, Some(url)) => JwtKeys::Jwks(jwks_url(url)?),
    };
    let base = Claims::default();
    let or = |claim: &Option<String>, base: String| claim.clone().unwrap_or(base);
    Ok(Some(JwtConfig {
        keys,
        audience: env.get("JWT_AUDIENCE").map(str::to_owned).or_else(|| file.jwt.audience.clone()),
        issuer: env.get("JWT_ISSUER").map(str::to_owned).or_else(|| file.jwt.issuer.clone()),
        claims: Claims {
            user: or(&file.jwt.user_claim, base.user),
            workspaces: or(&file.jwt.workspaces_claim, base.workspaces),
            info: or(&file.jwt.info_claim, base.info),
        },
    }))
}

fn long_enough(secret: Secret) -> Result<Secret, ConfigError> {
    if secret.expose().len() >= JWT_SECRET_BYTES {
        return Ok(secret);
    }
    let why = format!("it has {} bytes and HS256 needs {JWT_SECRET_BYTES}", secret.expose().len());
    Err(ConfigError::malformed("JWT_SECRET", why, "the output of `openssl rand -hex 32`"))
}

/// Keys decide who is who, so they come over TLS, or from this machine.
fn jwks_url(text: &str) -> Result<Url, ConfigError> {
    let refused = |why: &str| {
        ConfigError::malformed(
            "JWT_JWKS_URL",
            why,
            "https://auth.example.com/.well-known/jwks.json",
        )
    };
    let url = Url::parse(text).map_err(|_| refused("it is not a URL"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if origins::is_loopback(url.host()) => Ok(url),
        _ => Err(refused("it does not begin with https://")),
    }
}
