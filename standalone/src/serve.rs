//! `pushbridge serve`: puts the parts together, runs them, and stops them in order.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use channels::SharedApps;
use dashboard::{Directory, News};
use data::Data;
use gateway::{Admin, Entrance, Gateway, Visitors};
use jwks::Verifier;
use media::{Media, Place};
use notifying::Notifier;
use platforms::{Addresses, Http, Platforms};
use publishing::Publishing;
use registry::Registry;
use service::Service;
use store::{MemoryStore, Store};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use vault::{Keys, LocalKeys, Vault};

use crate::banner::{Greeting, banner};
use crate::config::{Config, ConfigError, KmsConfig, Mode, OutsideConfig, StoreKind};
use crate::demo;
use crate::jobs::Core;
use crate::sockets::{Door, Sockets, Timing};
use crate::{console, hooks, jobs, realtime, server, signals, sockets, ticker};

/// Close code of a server that goes away (RFC 6455, section 7.4.1).
const GOING_AWAY: u16 = 1001;
/// How long clients may take to close when the server stops.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// The key that seals accounts' credentials, in the data directory.
const KEY_FILE: &str = "accounts.key";
/// The key that sealed them before, until all are sealed anew.
const KEY_FILE_BEFORE: &str = "accounts.key.before";
/// Where copies of pictures are, in the data directory, unless set otherwise.
const MEDIA_FOLDER: &str = "media";

/// Posts on one machine.
type Posts<S> = Publishing<Platforms, News<S, Sockets>>;

/// Why the server did not start: one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(
        "Cannot listen on {address} ({source}); free the port, or choose another one with --listen."
    )]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("{0}.")]
    Open(#[from] embedded::OpenError),
    #[error(
        "The data cannot be used: {0}; restore the data directory from a backup, or choose another one with --data."
    )]
    Data(#[from] data::Error),
    #[error("The apps cannot be served: {0}.")]
    Apps(#[from] registry::OpenError),
    #[error("The realtime table could not be made: {0}.")]
    Realtime(#[from] dynamo::Error),
    #[error("MEDIA_URL cannot be used: {0}.")]
    Media(#[from] media::PlaceError),
    #[error("The functions cannot be run: {0}.")]
    Functions(#[from] emulated::StartError),
    #[error("The key of the accounts' credentials cannot be kept ({0}); check the data directory.")]
    Key(std::io::Error),
    #[error("The accounts' credentials are out of reach: {0}.")]
    Vault(#[from] vault::VaultError),
    #[error("{0}")]
    Http(#[from] platforms::HttpError),
    #[error("JWT_JWKS_URL cannot be used: {0}.")]
    Jwks(#[from] jwks::UrlError),
    #[error("The demo could not be set up: {0}.")]
    Demo(String),
    #[error("The system does not let this program wait for signals ({0}).")]
    Signals(std::io::Error),
    #[error("Standard output cannot be used ({0}).")]
    Output(std::io::Error),
}

/// Serves until a signal says stop.
///
/// # Errors
/// When something that the server needs cannot be had. Nothing has been served then.
pub(crate) async fn run(config: Config) -> Result<(), ServeError> {
    match config.store {
        StoreKind::Memory => serve(config, async |_| Ok(MemoryStore::new())).await,
        StoreKind::Dynamodb => serve(config, realtime::open).await,
    }
}

/// Serves on a store that is made for the apps served.
async fn serve<S: Store>(
    config: Config,
    store: impl AsyncFnOnce(SharedApps) -> Result<S, ServeError>,
) -> Result<(), ServeError> {
    raise_open_files();
    let stop = signals::stop().map_err(ServeError::Signals)?;
    let listen = |source| ServeError::Listen { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let data = Data::new(embedded::open(&config.data)?);
    data.create_tables_if_missing().await?;

    let vault = Arc::new(vault(&config)?);

    let (mode, jwt, proxies) = (config.mode, config.jwt.clone(), config.visitors.proxies.clone());
    let registry = Arc::new(Registry::open(data.clone(), config.specs.clone(), None).await?);
    let parts = Parts::new(config, data, vault, &registry, store(registry.apps()).await?)?;
    let mut router = parts.router;
    let greeting = match mode {
        Mode::Configured => banner(address, Greeting::Configured),
        Mode::Demo => {
            let demo = demo::set_up(&jwt, address, &parts.publishing).await?;
            router = router.merge(demo::router(demo.state));
            banner(address, Greeting::Demo { token: &demo.token, account_id: &demo.account_id })
        }
    };
    std::io::stdout().write_all(greeting.as_bytes()).map_err(ServeError::Output)?;
    let entrance = Entrance { verifier: parts.verifier, visitors: parts.visitors };
    let door = Door::new(Arc::clone(&parts.core), entrance, Timing::default());
    let router = router.merge(sockets::router(Arc::clone(&door)));
    let (end, ended) = oneshot::channel();
    let jobs = tokio::spawn(jobs::run(parts.due, Arc::clone(&parts.core), ended));
    let (stopping, stopped) = watch::channel(false);
    tokio::spawn(hooks::run(Arc::clone(&parts.notifier), stopped.clone()));
    tokio::spawn(jobs::end_disabled(registry.changes(), Arc::clone(&parts.core)));
    tokio::spawn(jobs::keep_apps_fresh(registry));
    let ticker = tokio::spawn(ticker::run(parts.publishing, stopped));
    server::serve(listener, proxies, router, door, async {
        stop.await;
        stopping.send_replace(true);
    })
    .await;
    // What a last tick announces still reaches the clients.
    let _ = ticker.await;
    let sockets = parts.core.outbox();
    sockets.close_all(GOING_AWAY, "The server is going away");
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, sockets.all_closed()).await;
    let _ = end.send(());
    let _ = jobs.await;
    hooks::drain(&parts.notifier).await;
    Ok(())
}

/// What the configuration makes of the crates.
struct Parts<S> {
    core: Arc<Core<S>>,
    publishing: Arc<Posts<S>>,
    notifier: Arc<Notifier>,
    verifier: Arc<Verifier>,
    visitors: Visitors,
    router: Router,
    due: jobs::Due,
}

impl<S: Store> Parts<S> {
    fn new(
        config: Config,
        data: Data,
        vault: Arc<Vault>,
        registry: &Arc<Registry>,
        store: S,
    ) -> Result<Self, ServeError> {
        let verifier = Arc::new(config.jwt.verifier()?);
        let key = config.apps.first().keys.first().map(|pair| pair.key.clone());
        let facts = Directory(data.clone());
        let (timer, due) = jobs::timer();
        let addresses = if config.publishing.allow_private_addresses {
            Addresses::AlsoPrivate
        } else {
            Addresses::Public
        };
        let (hooks, notifier) = hooks::start(&data, registry, addresses, config.bus)?;
        let sockets = Sockets::new(hooks, timer);
        let sockets = match config.relay {
            Some(relay) => {
                let (events, work) = relay::queue(relay);
                tokio::spawn(work);
                sockets.handing_on(config.apps.first().id.clone(), events)
            }
            None => sockets,
        };
        let core = Arc::new(Service::new(registry.apps(), store, sockets, facts.clone()));
        let platforms =
            Platforms::new(Http::new(platforms::Settings::new(addresses))?, config.platforms);
        let settings = posts::Settings { late: config.publishing.late_limit, alone: true };
        let publishing = Publishing::new(data, vault, platforms, News(Arc::clone(&core)), settings);
        let publishing = publishing.with_media(pictures(&config.outside, &config.data, addresses)?);
        let publishing = Arc::new(publishing);
        let visitors = Visitors::new(config.visitors.address);
        let router = gateway::router(Gateway {
            service: Arc::clone(&core),
            facts,
            publishing: Arc::clone(&publishing),
            verifier: Arc::clone(&verifier),
            admin: Admin {
                registry: Arc::clone(registry),
                notifier: Arc::clone(&notifier),
                key: config.admin_key,
            },
            settings: gateway::Settings {
                cron_secret: config.cron_secret,
                allowed_origins: config.allowed_origins,
                user_requests: config.visitors.user_requests,
                public_url: config.outside.public_url,
                ..gateway::Settings::default()
            },
            visitors: visitors.clone(),
        });
        let console = key.map(|key| console::router(key, config.mode == Mode::Demo));
        let router = router.merge(console.unwrap_or_default());
        Ok(Self { core, publishing, notifier, verifier, visitors, router, due })
    }
}

/// What seals accounts' credentials, and what opens them while one key takes the place of another.
fn vault(config: &Config) -> Result<Vault, ServeError> {
    let file = config.data.join(KEY_FILE);
    let (keys, file) = match &config.kms {
        Some(kms) => (kms.keys()?, LocalKeys::open_if_there(&file)?.map(Keys::Local)),
        None => (Keys::Local(LocalKeys::open(&file)?), None),
    };
    let before = LocalKeys::open_if_there(&config.data.join(KEY_FILE_BEFORE))?;
    let kms = config.kms_also.as_ref().map(KmsConfig::keys).transpose()?;
    let also = file.into_iter().chain(before.map(Keys::Local)).chain(kms);
    Ok(Vault::new(keys).opening_also(also.collect()))
}

/// Pictures, kept where the configuration says.
fn pictures(
    outside: &OutsideConfig,
    data: &Path,
    addresses: Addresses,
) -> Result<Media, ServeError> {
    let place = match &outside.media_url {
        Some(url) => Place::open(url)?,
        None => Place::folder(data.join(MEDIA_FOLDER))?,
    };
    Ok(Media::new(place, addresses, outside.public_url.as_deref())?)
}

/// Every connection is an open file; the usual soft limit of 1,024 is for programs that use `select`.
fn raise_open_files() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
