//! `pushbridge.toml` as it is written. Unknown fields are refused, so that a misspelt one is noticed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use apps::{AppSpec, SecretText};
use serde::Deserialize;

use crate::{ConfigError, DEFAULT_FILE};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// `[[apps]]`.
    pub apps: Vec<AppSpec>,
    /// `[jwt]`.
    pub jwt: FileJwt,
    /// `[server]`.
    pub server: FileServer,
    /// `[publishing]`.
    pub publishing: FilePublishing,
    /// `[platforms.*]`.
    pub platforms: platforms::Apis,
}

/// `[jwt]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileJwt {
    /// HS256 secret of users' tokens.
    pub secret: Option<SecretText>,
    /// Where the keys of users' tokens are.
    pub jwks_url: Option<String>,
    /// What tokens must name.
    pub audience: Option<String>,
    /// Who must have signed tokens.
    pub issuer: Option<String>,
    /// Where the user's id is.
    pub user_claim: Option<String>,
    /// Where the workspaces are.
    pub workspaces_claim: Option<String>,
    /// Where it is what presence channels show.
    pub info_claim: Option<String>,
}

/// `[server]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileServer {
    /// Address and port.
    pub listen: Option<String>,
    /// Where it is kept who is connected.
    pub store: Option<String>,
    /// The data directory.
    pub data: Option<PathBuf>,
    /// Pages that may call.
    pub allowed_origins: Option<Vec<String>>,
    /// Bearer token of the admin routes.
    pub admin_key: Option<SecretText>,
    /// As `PUBLIC_URL`.
    pub public_url: Option<String>,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<String>,
    /// WebSockets of one address per minute.
    pub connects_per_minute_per_address: Option<u32>,
    /// Wrong signatures and tokens of one address per minute.
    pub auth_failures_per_minute_per_address: Option<u32>,
    /// Requests of one user per second.
    pub api_requests_per_second_per_user: Option<u32>,
}

/// `[publishing]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilePublishing {
    /// Whether webhooks may go to private networks.
    pub allow_private_addresses: Option<bool>,
    /// How late a post may still go out.
    pub late_limit_minutes: Option<u64>,
    /// Bearer token of the cron route.
    pub cron_secret: Option<SecretText>,
    /// As `KMS_KEY_ID`.
    pub kms_key_id: Option<String>,
    /// As `KMS_KEY_ID_ALSO`.
    pub kms_key_id_also: Option<String>,
    /// As `MEDIA_URL`.
    pub media_url: Option<String>,
}

impl File {
    /// Reads the named file, or the default one if it is there.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
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

    /// Reads a file's text; `path` names it in errors.
    ///
    /// # Errors
    /// When it cannot be understood.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
            let message = error.message().trim_end_matches('.').replace('\n', ", ");
            ConfigError::Syntax { path: path.to_owned(), line, message }
        })
    }
}
