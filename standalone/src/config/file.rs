//! `pushbridge.toml` as it is written. Unknown fields are refused, so that a misspelt one is noticed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use auth::Secret;
use serde::{Deserialize, Deserializer, de};

use super::{ConfigError, DEFAULT_FILE};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) apps: Vec<FileApp>,
    pub(super) jwt: FileJwt,
    pub(super) server: FileServer,
    pub(super) publishing: FilePublishing,
    pub(super) platforms: platforms::Apis,
}

/// One `[[apps]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileApp {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) keys: Vec<FileKey>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) client_events: bool,
    #[serde(default)]
    pub(super) allowed_origins: Vec<String>,
    #[serde(default)]
    pub(super) user_prefixes: Vec<String>,
    #[serde(default)]
    pub(super) subscription_counts: bool,
    pub(super) authorize_within_s: Option<u32>,
    #[serde(default)]
    pub(super) history: Vec<FileHistory>,
    #[serde(default)]
    pub(super) limits: FileLimits,
}

/// One entry of `keys`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileKey {
    pub(super) key: String,
    pub(super) secret: FileSecret,
}

/// `limits` of an app.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileLimits {
    pub(super) connections: Option<u32>,
    pub(super) event_data_bytes: Option<usize>,
    pub(super) presence_members: Option<usize>,
    pub(super) user_info_bytes: Option<usize>,
    pub(super) client_events_per_second: Option<u32>,
    pub(super) watchlist: Option<usize>,
    pub(super) roster_bytes: Option<usize>,
    pub(super) requests_per_second: Option<u32>,
    pub(super) per_user: FileRates,
    pub(super) per_app: FileRates,
}

/// `limits.per_user` and `limits.per_app` of an app; 0 is no limit.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileRates {
    pub(super) commands_per_second: Option<u32>,
    pub(super) subscribes_per_second: Option<u32>,
    pub(super) client_events_per_second: Option<u32>,
}

/// One entry of `history` of an app.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileHistory {
    pub(super) prefix: String,
    pub(super) count: usize,
    pub(super) age_s: u32,
}

/// `[jwt]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileJwt {
    pub(super) secret: Option<FileSecret>,
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
    pub(super) data: Option<PathBuf>,
    pub(super) allowed_origins: Option<Vec<String>>,
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
    pub(super) cron_secret: Option<FileSecret>,
}

/// A secret as it is written: a text.
#[derive(Debug, Clone)]
pub(super) struct FileSecret(pub(super) Secret);

impl<'de> Deserialize<'de> for FileSecret {
    /// Through a value of any type, so that a refusal does not quote what was written.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        let text =
            value.as_str().ok_or_else(|| de::Error::custom("a secret is a text in quotes"))?;
        Ok(Self(Secret::new(text)))
    }
}

fn yes() -> bool {
    true
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
