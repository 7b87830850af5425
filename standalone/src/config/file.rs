//! `pushbridge.toml` as it is written. Unknown fields are refused, so that a misspelt one is noticed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use apps::{AppSpec, SecretText};
use serde::Deserialize;

use super::{ConfigError, DEFAULT_FILE};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) apps: Vec<AppSpec>,
    pub(super) jwt: FileJwt,
    pub(super) server: FileServer,
    pub(super) publishing: FilePublishing,
    pub(super) platforms: platforms::Apis,
}

/// `[jwt]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileJwt {
    pub(super) secret: Option<SecretText>,
    pub(super) jwks_url: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) user_claim: Option<String>,
    pub(super) workspaces_claim: Option<String>,
    pub(super) info_claim: Option<String>,
}

/// `[server]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileServer {
    pub(super) listen: Option<String>,
    pub(super) store: Option<String>,
    pub(super) data: Option<PathBuf>,
    pub(super) allowed_origins: Option<Vec<String>>,
    pub(super) admin_key: Option<SecretText>,
    pub(super) trusted_proxies: Vec<String>,
    pub(super) connects_per_minute_per_address: Option<u32>,
    pub(super) auth_failures_per_minute_per_address: Option<u32>,
    pub(super) api_requests_per_second_per_user: Option<u32>,
}

/// `[publishing]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FilePublishing {
    pub(super) allow_private_addresses: Option<bool>,
    pub(super) late_limit_minutes: Option<u64>,
    pub(super) cron_secret: Option<SecretText>,
}

impl File {
    /// Reads the named file, or the default one if it is there.
    pub(super) fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {
                Ok(Self::default())
            }
            Err(source) => Err(ConfigError::Io {
                path: path.to_owned(),
                what: "read",
                advice: "check the path given to --config and its permissions",
                source,
            }),
        }
    }

    /// Reads a file's text.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
            let message = error.message().trim_end_matches('.').replace('\n', ", ");
            ConfigError::Syntax { path: path.to_owned(), line, message }
        })
    }
}
