//! What runs when nothing is configured: well-known credentials, so loopback only.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use apps::{AppSpec, KeySpec, SecretText};
use auth::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{
    Config, ConfigError, JwtConfig, JwtKeys, Mode, Origins, PublishingConfig, Settings, StoreKind,
    served,
};

/// The demo app's id.
pub(crate) const APP_ID: &str = "1001";
/// The demo app's key.
pub(crate) const KEY: &str = "demo-key";
/// The demo app's secret.
pub(crate) const SECRET: &str = "demo-secret";
/// The file in the data directory with the secret that signs the demo's tokens.
const JWT_SECRET_FILE: &str = "demo-jwt-secret";
/// Length of that secret in characters: 32 random bytes in hexadecimal.
const JWT_SECRET_CHARS: usize = 64;

/// The demo's configuration.
pub(super) fn config(
    listen: SocketAddr,
    data: PathBuf,
    store: StoreKind,
    settings: Settings,
) -> Result<Config, ConfigError> {
    if !listen.ip().is_loopback() {
        return Err(ConfigError::DemoListen(listen));
    }
    let jwt = jwt(&data)?;
    let specs = vec![app()];
    Ok(Config {
        mode: Mode::Demo,
        listen,
        data,
        store,
        apps: served(&specs)?,
        specs,
        bus: settings.bus,
        admin_key: Some(settings.admin_key.unwrap_or(admin_key(&jwt))),
        jwt,
        cron_secret: settings.cron_secret,
        allowed_origins: settings.allowed_origins.unwrap_or(Origins::Loopback),
        visitors: settings.visitors,
        publishing: PublishingConfig {
            // The built-in receiver is on loopback.
            allow_private_addresses: settings.allow_private_addresses.unwrap_or(true),
            late_limit: settings.late_limit,
        },
        kms: settings.kms,
        kms_also: settings.kms_also,
        outside: settings.outside,
        platforms: settings.platforms,
        relay: settings.relay,
    })
}

/// How the tokens of a demo that ran before are checked.
pub(super) fn known_jwt(data: &Path) -> Result<JwtConfig, ConfigError> {
    let path = data.join(JWT_SECRET_FILE);
    match path.try_exists() {
        Ok(false) => Err(ConfigError::NoDemo(data.to_owned())),
        _ => read(&path).map(JwtConfig::of_secret),
    }
}

/// How the demo's tokens are checked.
fn jwt(data: &Path) -> Result<JwtConfig, ConfigError> {
    jwt_secret(data).map(JwtConfig::of_secret)
}

/// The demo's app.
pub(super) fn app() -> AppSpec {
    let pair = KeySpec { key: KEY.into(), secret: SecretText(Secret::new(SECRET)) };
    AppSpec { client_events: true, ..AppSpec::new(APP_ID, Some("Demo".into()), pair) }
}

/// The admin key of a demo that ran before.
pub(super) fn known_admin_key(data: &Path) -> Result<Secret, ConfigError> {
    known_jwt(data).map(|jwt| admin_key(&jwt))
}

/// The demo's admin key: made of the secret of the data directory, so that whoever may read that directory, and nobody
/// else, may change apps.
fn admin_key(jwt: &JwtConfig) -> Secret {
    let secret: &[u8] = match &jwt.keys {
        JwtKeys::Secret(secret) => secret.expose(),
        // The demo's keys are never elsewhere; an empty secret opens nothing.
        JwtKeys::Jwks(_) => return Secret::new(""),
    };
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC takes a key of any length")
    };
    Secret::new(hex::encode(mac.chain_update("demo admin").finalize().into_bytes()))
}

/// The secret of this data directory, made on first use. Kept, so that tokens outlive a restart.
fn jwt_secret(data: &Path) -> Result<Secret, ConfigError> {
    let path = data.join(JWT_SECRET_FILE);
    let written = std::fs::create_dir_all(data).and_then(|()| write_new(&path));
    match written {
        Ok(secret) => Ok(secret),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_file() => read(&path),
        Err(source) => Err(ConfigError::Io {
            path: data.to_owned(),
            what: "written",
            advice: "name a directory of your own with --data, for example ./data",
            source,
        }),
    }
}

/// Writes the secret beside its place and links it in: whoever sees the file sees all of it.
fn write_new(path: &Path) -> std::io::Result<Secret> {
    let [name, secret] = rand::random::<[[u8; JWT_SECRET_CHARS / 2]; 2]>().map(hex::encode);
    let draft = path.with_file_name(format!("{JWT_SECRET_FILE}.{name}"));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&draft)?.write_all(secret.as_bytes())?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    linked.map(|()| Secret::new(secret))
}

fn read(path: &Path) -> Result<Secret, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Io {
        path: path.to_owned(),
        what: "read",
        advice: "give it back its owner, or delete it to get a new one",
        source,
    })?;
    let text = text.trim();
    if text.len() == JWT_SECRET_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Secret::new(text));
    }
    let why = "it is not 64 hexadecimal digits";
    Err(ConfigError::malformed(
        path.display().to_string(),
        why,
        "made at the next start if you delete the file",
    ))
}
