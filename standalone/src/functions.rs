//! Serving as AWS does: the same port, but every event goes to a function, through an emulation of what AWS puts between.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use channels::{Apps, SharedApps};
use config::DEFAULT_FILE;
use data::Data;
use dynamo::DynamoStore;
use embedded::Engine;
use emulated::{Cloud, Host, Options, Settings};
use tokio::net::TcpListener;

use crate::config::{Config, ConfigError, Env, JwtKeys, Mode};
use crate::realtime;
use crate::serve::ServeError;
use crate::signals;

/// Variables of this process that functions find in their environment, by the beginning of their names.
const HANDED_ON: [&str; 8] = [
    "PUSHER_",
    "JWT_",
    "CRON_SECRET",
    "ADMIN_KEY",
    "PUSHBRIDGE_",
    "PUBLIC_URL",
    "RELAY_",
    "RUST_LOG",
];
/// Those that are for this process alone.
const KEPT: [&str; 7] = [
    "PUSHBRIDGE_LISTEN",
    "PUSHBRIDGE_DATA",
    "PUSHBRIDGE_STORE",
    FUNCTIONS,
    FUNCTIONS_FROM,
    SETTINGS,
    CALLS,
];
const FUNCTIONS: &str = "PUSHBRIDGE_FUNCTIONS";
const FUNCTIONS_FROM: &str = "PUSHBRIDGE_FUNCTIONS_FROM";
/// The program that builds functions and runs them.
const CARGO_LAMBDA: &str = "CARGO_LAMBDA";
/// The settings of the emulation, as JSON.
const SETTINGS: &str = "PUSHBRIDGE_EMULATED";
/// The file that gets what the functions call.
const CALLS: &str = "PUSHBRIDGE_CALLS";

/// The file's text, for functions that have no file.
const TOML: &str = "PUSHBRIDGE_TOML";
/// The key that seals accounts' credentials, as hexadecimal digits, and where it is kept.
const ACCOUNTS_KEY: &str = "ACCOUNTS_KEY";
const KEY_FILE: &str = "functions.key";
/// What is kept in parameters where functions are deployed.
const SECRETS: [&str; 5] =
    ["PUSHER_SECRET", "JWT_SECRET", "CRON_SECRET", "ADMIN_KEY", ACCOUNTS_KEY];

/// Where functions run and how AWS is emulated around them.
pub(crate) struct Functions {
    host: Host,
    settings: Settings,
    calls: Option<PathBuf>,
    variables: BTreeMap<String, String>,
    /// The text of the configuration file.
    file: Option<String>,
}

impl Functions {
    /// What flags and environment say; nothing if everything shall run in this process.
    ///
    /// # Errors
    /// Names the first value that is malformed.
    pub(crate) fn read(
        named: Option<&str>,
        from: Option<PathBuf>,
        file: Option<&Path>,
        env: &Env,
    ) -> Result<Option<Self>, ConfigError> {
        match named.or_else(|| env.get(FUNCTIONS)) {
            None | Some("local") => return Ok(None),
            Some("lambda") => {}
            Some(other) => {
                let why = format!("{other:?} is no place for functions");
                return Err(ConfigError::malformed("--functions", why, "lambda"));
            }
        }
        let from = from.or_else(|| env.get(FUNCTIONS_FROM).map(PathBuf::from));
        let folder = from.unwrap_or_else(|| PathBuf::from("."));
        let host = if folder.join("Cargo.toml").is_file() {
            Host::Watch { program: env.get(CARGO_LAMBDA).unwrap_or("cargo-lambda").into(), folder }
        } else {
            Host::Binaries(folder)
        };
        let settings = match env.get(SETTINGS) {
            None => Settings::default(),
            Some(text) => serde_json::from_str(text).map_err(|error| {
                ConfigError::malformed(SETTINGS, error.to_string(), r#"{"idle_ms":600000}"#)
            })?,
        };
        let named = |name: &str| HANDED_ON.iter().any(|it| name.starts_with(it));
        let variables = env
            .all()
            .filter(|(name, _)| named(name) && !KEPT.contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let calls = env.get(CALLS).map(PathBuf::from);
        // Whether it can be read was decided when the configuration was.
        let file = std::fs::read_to_string(file.unwrap_or(Path::new(DEFAULT_FILE))).ok();
        Ok(Some(Self { host, settings, calls, variables, file }))
    }

    /// Puts secrets into parameters: functions find their names.
    fn hide_secrets(&mut self) {
        for name in SECRETS {
            if let Some(secret) = self.variables.remove(name) {
                let parameter = format!("/pushbridge/{}", name.to_lowercase().replace('_', "-"));
                self.variables.insert(format!("{name}_PARAM"), parameter.clone());
                self.settings.parameters.insert(parameter, secret);
            }
        }
    }

    /// Serves until a signal says stop.
    ///
    /// # Errors
    /// When something that the server needs cannot be had. Nothing has been served then.
    pub(crate) async fn serve(mut self, config: Config) -> Result<(), ServeError> {
        let stop = signals::stop().map_err(ServeError::Signals)?;
        let listen = |source| ServeError::Listen { address: config.listen, source };
        let public = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = public.local_addr().map_err(listen)?;
        if config.mode == Mode::Demo {
            self.variables.extend(demo(&config));
        }
        self.variables.extend(self.file.take().map(|text| (TOML.to_owned(), text)));
        self.variables.insert("TABLE_REALTIME".to_owned(), realtime::TABLE.to_owned());
        let data = embedded::engine(&config.data)?;
        Data::new(data.client()).create_tables_if_missing().await?;
        let realtime = (realtime::TABLE.to_owned(), table(config.apps).await?);
        if !self.variables.contains_key(ACCOUNTS_KEY) {
            let key = accounts_key(&config.data).map_err(ServeError::Key)?;
            self.variables.insert(ACCOUNTS_KEY.to_owned(), key);
        }
        self.hide_secrets();
        let Self { host, settings, calls, variables, .. } = self;
        let options = Options { public, host, variables, data, realtime, settings, calls };
        let cloud = Cloud::start(options).await?;
        let greeting = greeting(address, cloud.loopback());
        std::io::stdout().write_all(greeting.as_bytes()).map_err(ServeError::Output)?;
        stop.await;
        Ok(())
    }
}

/// The key that seals accounts' credentials, made if it is not there.
fn accounts_key(data: &Path) -> std::io::Result<String> {
    let path = data.join(KEY_FILE);
    match std::fs::read_to_string(&path) {
        Ok(key) => Ok(key),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = hex::encode(rand::random::<[u8; 32]>());
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&path)?.write_all(key.as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

/// The table of who is connected, in memory: nobody is after a restart.
async fn table(apps: Apps) -> Result<Engine, ServeError> {
    let engine = embedded::engine_in_memory()?;
    let apps = SharedApps::new(apps);
    let store = DynamoStore::new(engine.client(), apps, realtime::settings());
    store.create_table().await?;
    tokio::spawn(realtime::expire(engine.clone()));
    Ok(engine)
}

/// The demo's credentials, as if they had been configured.
fn demo(config: &Config) -> Vec<(String, String)> {
    let app = config.apps.first();
    let mut all = vec![("PUSHER_APP_ID".to_owned(), app.id.to_string())];
    if let Some(pair) = app.keys.first() {
        let secret = String::from_utf8_lossy(pair.secret.expose()).into_owned();
        all.push(("PUSHER_KEY".to_owned(), pair.key.to_string()));
        all.push(("PUSHER_SECRET".to_owned(), secret));
    }
    if let JwtKeys::Secret(secret) = &config.jwt.keys {
        let secret = String::from_utf8_lossy(secret.expose()).into_owned();
        all.push(("JWT_SECRET".to_owned(), secret));
    }
    all.push(("PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES".to_owned(), "true".to_owned()));
    all
}

fn greeting(address: SocketAddr, loopback: SocketAddr) -> String {
    format!(
        "Pushbridge listening on http://{address}\n\
        Functions answer, behind an emulated API Gateway. AWS as they see it, and its controls: http://{loopback}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(named: Option<&str>, env: &[(&str, &str)]) -> Result<Option<Functions>, ConfigError> {
        Functions::read(named, None, None, &env.iter().copied().collect())
    }

    #[test]
    fn functions_get_the_configuration_and_nothing_else() {
        let env = [
            ("PUSHER_KEY", "k"),
            ("JWT_SECRET", "s"),
            ("HOME", "/h"),
            ("AWS_REGION", "r"),
            ("PUSHBRIDGE_DATA", "./d"),
            ("PUSHBRIDGE_FUNCTIONS", "lambda"),
            ("PUSHBRIDGE_FUNCTIONS_FROM", "bin"),
            ("PUSHBRIDGE_EMULATED", r#"{"idle_ms":5}"#),
        ];
        let mut functions = read(None, &env).unwrap().unwrap();
        let names: Vec<_> = functions.variables.keys().map(String::as_str).collect();
        assert_eq!(names, ["JWT_SECRET", "PUSHER_KEY"]);
        assert_eq!(functions.settings.idle_ms, 5);
        assert!(matches!(&functions.host, Host::Binaries(folder) if folder.ends_with("bin")));
        functions.hide_secrets();
        assert_eq!(functions.variables["JWT_SECRET_PARAM"], "/pushbridge/jwt-secret");
        assert_eq!(functions.settings.parameters["/pushbridge/jwt-secret"], "s");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(read(None, &[]).unwrap().is_none());
        assert!(read(Some("local"), &[("PUSHBRIDGE_FUNCTIONS", "lambda")]).unwrap().is_none());
        assert!(matches!(read(Some("lambda"), &[]).unwrap().unwrap().host, Host::Watch { .. }));
        let why = |it: Result<Option<Functions>, ConfigError>| it.err().unwrap().to_string();
        assert!(why(read(Some("nowhere"), &[])).contains("--functions"));
        let settings = [("PUSHBRIDGE_EMULATED", r#"{"idle":5}"#)];
        assert!(why(read(Some("lambda"), &settings)).contains("PUSHBRIDGE_EMULATED"));
    }
}
