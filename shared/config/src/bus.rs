//! The way to EventBridge, in the words that AWS's own tools read.

use auth::Secret;
use notifying::Bus;

use crate::{ConfigError, Env};

/// The buses of a region, if the environment names credentials.
///
/// # Errors
/// When there is a key without its secret or without a region.
pub(crate) fn read(env: &Env) -> Result<Option<Bus>, ConfigError> {
    let Some(key_id) = env.get("AWS_ACCESS_KEY_ID") else { return Ok(None) };
    let secret = env.get("AWS_SECRET_ACCESS_KEY");
    let secret = secret.ok_or_else(|| {
        ConfigError::missing("AWS_SECRET_ACCESS_KEY", "the secret of AWS_ACCESS_KEY_ID")
    })?;
    let region = env.get("AWS_REGION").or_else(|| env.get("AWS_DEFAULT_REGION"));
    let region = region.ok_or_else(|| ConfigError::missing("AWS_REGION", "eu-central-1"))?;
    if !is_region(region) {
        let why = "it is not the name of a region";
        return Err(ConfigError::malformed("AWS_REGION", why, "eu-central-1"));
    }
    let token = env.get("AWS_SESSION_TOKEN");
    let url = env.get("AWS_ENDPOINT_URL_EVENTBRIDGE");
    Ok(Some(Bus::new(region, key_id, &Secret::new(secret), token, url)))
}

/// The region stands in the host that is called.
fn is_region(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_whole_or_absent_and_never_shown() {
        let key = ("AWS_ACCESS_KEY_ID", "AKID");
        let secret = ("AWS_SECRET_ACCESS_KEY", "hush");
        let read = |pairs: &[(&str, &str)]| read(&pairs.iter().copied().collect());
        assert!(read(&[secret, ("AWS_REGION", "eu-central-1")]).unwrap().is_none());
        for (pairs, name) in [
            (vec![key], "AWS_SECRET_ACCESS_KEY is missing"),
            (vec![key, secret], "AWS_REGION is missing"),
            (vec![key, secret, ("AWS_REGION", "evil.example/#")], "AWS_REGION cannot be used"),
        ] {
            let error = read(&pairs).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
        let bus = read(&[key, secret, ("AWS_DEFAULT_REGION", "eu-central-1")]).unwrap();
        assert_eq!(format!("{bus:?}"), "Some(Bus(https://events.eu-central-1.amazonaws.com/))");
    }
}
