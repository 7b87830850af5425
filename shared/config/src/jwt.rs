//! How users prove who they are.

use auth::Secret;
use identity::{Algorithm, JwtRules};
use url::Url;

use crate::file::File;
use crate::{ConfigError, Env, origins};

/// Fewest bytes of an HS256 secret (RFC 7518, section 3.2: as long as the hash).
const JWT_SECRET_BYTES: usize = 32;

/// Where the keys of tokens come from. One of the two, so that a token cannot choose.
#[derive(Debug, Clone)]
pub enum JwtKeys {
    /// HS256 with this secret.
    Secret(Secret),
    /// RS256 and ES256 with the keys at this address.
    Jwks(Url),
}

/// How tokens are checked.
#[derive(Debug, Clone)]
pub struct JwtConfig {
    /// What they are signed with.
    pub keys: JwtKeys,
    /// What they must say, and where.
    pub rules: JwtRules,
}

impl JwtConfig {
    /// HS256 with this secret, anything else as usual.
    pub fn of_secret(secret: Secret) -> Self {
        let rules = JwtRules { algorithms: vec![Algorithm::Hs256], ..JwtRules::default() };
        Self { keys: JwtKeys::Secret(secret), rules }
    }

    /// What checks tokens so.
    ///
    /// # Errors
    /// When the address of the keys cannot be used.
    pub fn verifier(self) -> Result<jwks::Verifier, jwks::UrlError> {
        match self.keys {
            JwtKeys::Secret(secret) => Ok(jwks::Verifier::secret(secret.expose(), self.rules)),
            JwtKeys::Jwks(url) => jwks::Verifier::jwks(url.as_str(), self.rules),
        }
    }
}

/// Reads how tokens are checked; nothing if neither a secret nor an address is set.
pub fn read(env: &Env, file: &File) -> Result<Option<JwtConfig>, ConfigError> {
    let keys = match of_env(env)? {
        Some(keys) => keys,
        // The environment's choice stands alone: a secret there does not meet an address in the file.
        None => match of_file(file)? {
            Some(keys) => keys,
            None => return Ok(None),
        },
    };
    let algorithms = match keys {
        JwtKeys::Secret(_) => vec![Algorithm::Hs256],
        JwtKeys::Jwks(_) => vec![Algorithm::Rs256, Algorithm::Es256],
    };
    let base = JwtRules::default();
    let or = |claim: &Option<String>, base: String| claim.clone().unwrap_or(base);
    let env_or =
        |name, claim: &Option<String>| env.get(name).map(str::to_owned).or_else(|| claim.clone());
    let rules = JwtRules {
        algorithms,
        audience: env_or("JWT_AUDIENCE", &file.jwt.audience),
        issuer: env_or("JWT_ISSUER", &file.jwt.issuer),
        user_id_claim: or(&file.jwt.user_claim, base.user_id_claim),
        info_claim: or(&file.jwt.info_claim, base.info_claim),
        workspaces_claim: or(&file.jwt.workspaces_claim, base.workspaces_claim),
        leeway_s: base.leeway_s,
    };
    Ok(Some(JwtConfig { keys, rules }))
}

fn of_env(env: &Env) -> Result<Option<JwtKeys>, ConfigError> {
    let secret = env.get("JWT_SECRET").map(Secret::new);
    one_of(("JWT_SECRET", secret), ("JWT_JWKS_URL", env.get("JWT_JWKS_URL")))
}

fn of_file(file: &File) -> Result<Option<JwtKeys>, ConfigError> {
    let secret = file.jwt.secret.as_ref().map(|secret| secret.0.clone());
    one_of(("jwt.secret", secret), ("jwt.jwks_url", file.jwt.jwks_url.as_deref()))
}

fn one_of(
    secret: (&str, Option<Secret>),
    url: (&str, Option<&str>),
) -> Result<Option<JwtKeys>, ConfigError> {
    match (secret.1, url.1) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            let why = format!("{} is set as well, and only one of the two may be", secret.0);
            Err(ConfigError::malformed(
                url.0,
                why,
                "none at all, if users' tokens are signed with a secret",
            ))
        }
        (Some(text), None) => {
            long_enough(secret.0, text).map(|secret| Some(JwtKeys::Secret(secret)))
        }
        (None, Some(text)) => jwks_url(url.0, text).map(|url| Some(JwtKeys::Jwks(url))),
    }
}

/// Said when neither is set.
pub fn missing() -> ConfigError {
    ConfigError::missing("JWT_SECRET", "the output of `openssl rand -hex 32` (or set JWT_JWKS_URL)")
}

fn long_enough(name: &str, secret: Secret) -> Result<Secret, ConfigError> {
    if secret.expose().len() >= JWT_SECRET_BYTES {
        return Ok(secret);
    }
    let why = format!("it has {} bytes and HS256 needs {JWT_SECRET_BYTES}", secret.expose().len());
    Err(ConfigError::malformed(name, why, "the output of `openssl rand -hex 32`"))
}

/// Keys decide who is who, so they come over TLS, or from this machine.
fn jwks_url(name: &str, text: &str) -> Result<Url, ConfigError> {
    let refused = |why: &str| {
        ConfigError::malformed(name, why, "https://auth.example.com/.well-known/jwks.json")
    };
    let url = Url::parse(text).map_err(|_| refused("it is not a URL"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if origins::is_loopback(url.host()) => Ok(url),
        _ => Err(refused("it does not begin with https://")),
    }
}
