//! Secrets that programs send as bearer tokens: the cron route's and the admin routes'.

use apps::SecretText;
use auth::Secret;

use crate::file::File;
use crate::{ConfigError, Env};

/// Fewest bytes of a bearer token; schedulers that call such routes advise 16 random characters.
const SECRET_BYTES: usize = 16;

/// The cron route's, if one is set.
pub fn cron_secret(env: &Env, file: &File) -> Result<Option<Secret>, ConfigError> {
    read(env, "CRON_SECRET", ("publishing.cron_secret", &file.publishing.cron_secret))
}

/// The admin routes', if one is set.
pub fn admin_key(env: &Env, file: &File) -> Result<Option<Secret>, ConfigError> {
    read(env, "ADMIN_KEY", ("server.admin_key", &file.server.admin_key))
}

fn read(
    env: &Env,
    variable: &str,
    (field, text): (&str, &Option<SecretText>),
) -> Result<Option<Secret>, ConfigError> {
    let (name, secret) = match env.get(variable) {
        Some(text) => (variable, Some(Secret::new(text))),
        None => (field, text.as_ref().map(|secret| secret.0.clone())),
    };
    if secret.as_ref().is_some_and(|secret| secret.expose().len() < SECRET_BYTES) {
        let why = format!("it is shorter than {SECRET_BYTES} characters");
        return Err(ConfigError::malformed(name, why, "the output of `openssl rand -hex 32`"));
    }
    Ok(secret)
}
