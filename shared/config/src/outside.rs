//! How this server is reached from outside, and where its pictures are.

use url::Url;

use crate::{ConfigError, Env, File};

const PUBLIC_EXAMPLE: &str = "https://push.example.com";
const MEDIA_EXAMPLE: &str = "file:///var/lib/pushbridge/media or s3://bucket/prefix";

/// How this server is reached from outside, and where its pictures are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutsideConfig {
    /// The server's own address as others see it, without a slash at the end.
    pub public_url: Option<String>,
    /// Where copies of pictures are kept; a folder in the data directory if not set.
    pub media_url: Option<String>,
}

pub(crate) fn read(env: &Env, file: &File) -> Result<OutsideConfig, ConfigError> {
    let public = named(env, "PUBLIC_URL", ("server.public_url", &file.server.public_url));
    let media = named(env, "MEDIA_URL", ("publishing.media_url", &file.publishing.media_url));
    Ok(OutsideConfig {
        public_url: public
            .map(|(name, text)| checked(name, &text, &["https", "http"], PUBLIC_EXAMPLE))
            .transpose()?,
        media_url: media
            .map(|(name, text)| checked(name, &text, &["file", "s3"], MEDIA_EXAMPLE))
            .transpose()?,
    })
}

fn named(
    env: &Env,
    variable: &'static str,
    (field, text): (&'static str, &Option<String>),
) -> Option<(&'static str, String)> {
    let set = env.get(variable).map(|text| (variable, text.to_owned()));
    set.or_else(|| text.clone().map(|text| (field, text)))
}

fn checked(
    name: &'static str,
    text: &str,
    schemes: &[&str],
    example: &'static str,
) -> Result<String, ConfigError> {
    let url = Url::parse(text).ok().filter(|url| schemes.contains(&url.scheme()));
    let plain = url.filter(|url| url.query().is_none() && url.fragment().is_none());
    match plain {
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
        None => {
            let why = format!("{text:?} does not begin with {}://", schemes.join(":// or "));
            Err(ConfigError::malformed(name, why, example))
        }
    }
}
