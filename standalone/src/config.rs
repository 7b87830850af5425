//! Configuration: flags first, then the environment, then `pushbridge.toml`, then the demo.
//!
//! Read once at the start into types that cannot be wrong; nothing else reads the environment.

mod demo;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use apps::AppSpec;
use auth::Secret;
use channels::{App, Apps};
use config::app::{self, served};
use config::{File, Settings, bearer, jwt};
use gateway::Origins;
use notifying::Bus;
use platforms::Apis;
use relay::Relay;

pub(crate) use config::{
    ConfigError, Env, JwtConfig, JwtKeys, KmsConfig, OutsideConfig, PublishingConfig,
    VisitorsConfig,
};
pub(crate) use demo::{APP_ID, KEY, SECRET};

/// The data directory when no other is named.
pub(crate) const DEFAULT_DATA: &str = "./data";
/// The address to listen on when no other is named.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:6001";

/// What the command line said; an absent flag leaves the choice to the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// `--listen`.
    pub(crate) listen: Option<String>,
    /// `--store`.
    pub(crate) store: Option<String>,
    /// `--data`.
    pub(crate) data: Option<PathBuf>,
    /// `--config`. A file named here must exist.
    pub(crate) config: Option<PathBuf>,
}

/// Whether real credentials were configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing is configured: well-known credentials, loopback only.
    Demo,
    /// The operator's own apps and keys.
    Configured,
}

/// Where it is kept who is connected, subscribed and present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreKind {
    /// In maps of this process.
    Memory,
    /// In a DynamoDB table, on an engine inside this process.
    Dynamodb,
}

/// Everything that the operator decides.
#[derive(Debug)]
pub(crate) struct Config {
    /// Demo or the real thing.
    pub(crate) mode: Mode,
    /// Where to listen; port 0 lets the system choose.
    pub(crate) listen: SocketAddr,
    /// The directory that holds everything durable.
    pub(crate) data: PathBuf,
    /// Where it is kept who is connected.
    pub(crate) store: StoreKind,
    /// The apps of the configuration.
    pub(crate) apps: Apps,
    /// The same as they are written.
    pub(crate) specs: Vec<AppSpec>,
    /// How users prove who they are.
    pub(crate) jwt: JwtConfig,
    /// The bearer token of the cron route; without it that route refuses everyone.
    pub(crate) cron_secret: Option<Secret>,
    /// The bearer token of the admin routes; without it those routes refuse everyone.
    pub(crate) admin_key: Option<Secret>,
    /// The way to event buses, if there is one.
    pub(crate) bus: Option<Bus>,
    /// Web origins that may call the HTTP API from a browser.
    pub(crate) allowed_origins: Origins,
    /// Who may come how often.
    pub(crate) visitors: VisitorsConfig,
    /// How posts are sent.
    pub(crate) publishing: PublishingConfig,
    /// The key of AWS KMS that seals accounts' credentials, if one is named.
    pub(crate) kms: Option<KmsConfig>,
    /// Another one, which opens what was sealed under it.
    pub(crate) kms_also: Option<KmsConfig>,
    /// How the server is reached from outside, and where pictures are kept.
    pub(crate) outside: OutsideConfig,
    /// Where platforms are, and what the operator registered with them.
    pub(crate) platforms: Apis,
    /// An app elsewhere that published events are handed on to.
    pub(crate) relay: Option<Relay>,
}

impl Config {
    /// Reads the configuration. In demo mode this makes the data directory and the secret in it.
    ///
    /// # Errors
    /// Names the first value that is missing or malformed, with an example of a good one.
    pub(crate) fn load(flags: &Flags, env: &Env) -> Result<Self, ConfigError> {
        let file = File::load(flags.config.as_deref())?;
        let data = data_dir(flags, env, &file);
        let listen = listen(flags, env, &file)?;
        let apps = app::all(env, &file)?;
        let jwt = jwt::read(env, &file)?;
        let settings = Settings::read(env, &file)?;
        let store = store(flags, env, &file)?;
        match (apps.is_empty(), jwt) {
            (true, None) => demo::config(listen, data, store, settings),
            (true, Some(_)) => Err(ConfigError::missing("PUSHER_APP_ID", "1001")),
            (false, None) => Err(jwt::missing()),
            (false, Some(jwt)) => configured(settings, store, listen, data, apps, jwt),
        }
    }

    /// The first app alone, for commands that publish as the app.
    ///
    /// # Errors
    /// As [`Config::load`], for what concerns apps.
    pub(crate) fn app(flags: &Flags, env: &Env) -> Result<App, ConfigError> {
        let apps = app::all(env, &File::load(flags.config.as_deref())?)?;
        let first = apps.into_iter().next().unwrap_or_else(demo::app);
        Ok(served(&[first])?.first().as_ref().clone())
    }

    /// The bearer token of the admin routes, for commands that call them. In the demo it is made of the demo's secret.
    ///
    /// # Errors
    /// As [`Config::load`], or when there is none.
    pub(crate) fn admin_key(flags: &Flags, env: &Env) -> Result<Secret, ConfigError> {
        let file = File::load(flags.config.as_deref())?;
        match bearer::admin_key(env, &file)? {
            Some(key) => Ok(key),
            None if app::all(env, &file)?.is_empty() => {
                demo::known_admin_key(&data_dir(flags, env, &file))
            }
            None => {
                Err(ConfigError::missing("ADMIN_KEY", "the one that the server was started with"))
            }
        }
    }

    /// How tokens are checked alone, for commands that make one. Reads the demo's secret, and makes none: a command
    /// leaves no data directory behind.
    ///
    /// # Errors
    /// As [`Config::load`], for what concerns tokens, or when no demo was ever started in the data directory.
    pub(crate) fn jwt(flags: &Flags, env: &Env) -> Result<(Mode, JwtConfig), ConfigError> {
        let file = File::load(flags.config.as_deref())?;
        match jwt::read(env, &file)? {
            Some(jwt) => Ok((Mode::Configured, jwt)),
            None if app::all(env, &file)?.is_empty() => {
                demo::known_jwt(&data_dir(flags, env, &file)).map(|jwt| (Mode::Demo, jwt))
            }
            None => Err(jwt::missing()),
        }
    }
}

fn configured(
    settings: Settings,
    store: StoreKind,
    listen: SocketAddr,
    data: PathBuf,
    specs: Vec<AppSpec>,
    jwt: JwtConfig,
) -> Result<Config, ConfigError> {
    Ok(Config {
        mode: Mode::Configured,
        listen,
        data,
        store,
        apps: served(&specs)?,
        specs,
        jwt,
        cron_secret: settings.cron_secret,
        admin_key: settings.admin_key,
        bus: settings.bus,
        allowed_origins: settings.allowed_origins.unwrap_or_default(),
        visitors: settings.visitors,
        publishing: PublishingConfig {
            allow_private_addresses: settings.allow_private_addresses.unwrap_or(false),
            late_limit: settings.late_limit,
        },
        kms: settings.kms,
        kms_also: settings.kms_also,
        outside: settings.outside,
        platforms: settings.platforms,
        relay: settings.relay,
    })
}

fn data_dir(flags: &Flags, env: &Env, file: &File) -> PathBuf {
    let named = flags.data.clone().or_else(|| env.get("PUSHBRIDGE_DATA").map(PathBuf::from));
    named.or_else(|| file.server.data.clone()).unwrap_or_else(|| Path::new(DEFAULT_DATA).to_owned())
}

fn store(flags: &Flags, env: &Env, file: &File) -> Result<StoreKind, ConfigError> {
    let (name, text) = if let Some(text) = flags.store.as_deref() {
        ("--store", text)
    } else if let Some(text) = env.get("PUSHBRIDGE_STORE") {
        ("PUSHBRIDGE_STORE", text)
    } else {
        ("server.store", file.server.store.as_deref().unwrap_or("memory"))
    };
    match text {
        "memory" => Ok(StoreKind::Memory),
        "dynamodb" => Ok(StoreKind::Dynamodb),
        _ => Err(ConfigError::malformed(
            name,
            format!("{text:?} is not a store"),
            "memory or dynamodb",
        )),
    }
}

fn listen(flags: &Flags, env: &Env, file: &File) -> Result<SocketAddr, ConfigError> {
    let (name, text) = if let Some(text) = flags.listen.as_deref() {
        ("--listen", text)
    } else if let Some(text) = env.get("PUSHBRIDGE_LISTEN") {
        ("PUSHBRIDGE_LISTEN", text)
    } else {
        ("server.listen", file.server.listen.as_deref().unwrap_or(DEFAULT_LISTEN))
    };
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    let why = || format!("{text:?} is not an address and port");
    numeric.parse().map_err(|_| ConfigError::malformed(name, why(), DEFAULT_LISTEN))
}

#[cfg(test)]
mod tests;
