//! Applications: who may use the server, and what they may do.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use auth::KeyPair;
use protocol::{AppId, AppKey, limits};
use throttle::Rate;

use crate::usage::Rates;

/// One application: a namespace of channels with its keys and limits.
#[derive(Debug, Clone)]
pub struct App {
    /// Its id, the `{id}` of the HTTP API.
    pub id: AppId,
    /// Its name, for people.
    pub name: String,
    /// Its key pairs; several make rotation possible.
    pub keys: Vec<KeyPair>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether its clients may send events.
    pub client_events: bool,
    /// Origins whose pages may connect, and call the HTTP endpoints (CORS). An empty list lets all pages connect.
    pub allowed_origins: Vec<String>,
    /// Channel prefixes open to every signed-in user.
    pub user_prefixes: Vec<String>,
    /// Whether subscribers are told how many they are.
    pub subscription_counts: bool,
    /// Seconds after which a connection is closed that has neither signed in nor joined a private or
    /// presence channel.
    pub authorize_within_s: Option<u32>,
    /// Which channels remember their events; the first rule whose prefix fits counts.
    pub history: Vec<HistoryRule>,
    /// Whether anybody receives its [`Hook`](crate::Hook)s; none are made otherwise.
    pub hooks: bool,
    /// Its limits.
    pub limits: Limits,
}

impl App {
    /// An enabled app with everything else off and Pusher's limits.
    pub fn new(id: AppId, keys: Vec<KeyPair>) -> Self {
        Self {
            name: format!("App {id}"),
            id,
            keys,
            enabled: true,
            client_events: false,
            allowed_origins: Vec::new(),
            user_prefixes: Vec::new(),
            subscription_counts: false,
            authorize_within_s: None,
            history: Vec::new(),
            hooks: false,
            limits: Limits::default(),
        }
    }
}

impl App {
    /// Whether the list of origins names this one, as a browser writes it.
    pub fn allows_page(&self, origin: &str) -> bool {
        self.allowed_origins.iter().any(|allowed| allowed == origin)
    }
}

/// How much the channels of a prefix remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRule {
    /// What the channels' names begin with.
    pub prefix: String,
    /// Most events kept per channel.
    pub count: usize,
    /// How long an event is kept, seconds.
    pub age_s: u32,
}

/// What an application may use; Pusher's numbers unless configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest data of one event, bytes.
    pub event_data_bytes: usize,
    /// Most members of a presence channel.
    pub presence_members: usize,
    /// Largest `user_info` of a member, bytes of JSON.
    pub user_info_bytes: usize,
    /// Client events per second and connection.
    pub client_events_per_second: u32,
    /// Most connections at once, if limited.
    pub connections: Option<u32>,
    /// Most connections at once that are signed in as one user, if limited.
    pub connections_per_user: Option<u32>,
    /// What one user may do per second, over all their connections; without a user, one connection.
    pub per_user: Rates,
    /// What all of the app may do per second.
    pub per_app: Rates,
    /// Most users on a connection's watchlist.
    pub watchlist: usize,
    /// Largest roster that a new member is sent, bytes of its frame.
    pub roster_bytes: usize,
}

/// Connections of one user unless configured. Ours: nobody has as many tabs and devices.
const CONNECTIONS_PER_USER: u32 = 1_000;
/// What a user may do unless configured. Ours: a page with the most channels that a connection may have
/// comes back at once without being stopped; nobody types or draws that fast.
const PER_USER: Rates = Rates {
    commands: Some(Rate::per_second(NonZeroU32::MIN.saturating_add(1_999))),
    subscribes: Some(Rate::per_second(NonZeroU32::MIN.saturating_add(999))),
    client_events: Some(Rate::per_second(NonZeroU32::MIN.saturating_add(499))),
    requests: None,
};

impl Default for Limits {
    fn default() -> Self {
        Self {
            event_data_bytes: limits::EVENT_DATA_BYTES,
            presence_members: limits::PRESENCE_MEMBERS,
            user_info_bytes: limits::USER_INFO_BYTES,
            client_events_per_second: limits::CLIENT_EVENTS_PER_SECOND,
            connections: None,
            connections_per_user: Some(CONNECTIONS_PER_USER),
            per_user: PER_USER,
            per_app: Rates::default(),
            watchlist: limits::WATCHLIST,
            roster_bytes: limits::ROSTER_BYTES,
        }
    }
}

/// All applications of a server, found by id and by key.
#[derive(Debug)]
pub struct Apps {
    all: Vec<Arc<App>>,
    first: Arc<App>,
    by_id: HashMap<AppId, Arc<App>>,
    by_key: HashMap<AppKey, Arc<App>>,
}

/// Why a list of applications is no valid configuration.
#[derive(Debug, PartialEq, Eq)]
pub enum AppsError {
    /// The list is empty.
    Empty,
    /// Two applications have this id.
    DuplicateId(AppId),
    /// This key occurs twice.
    DuplicateKey(AppKey),
}

impl std::fmt::Display for AppsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("no app is configured: add an [[apps]] section"),
            Self::DuplicateId(id) => write!(f, "two apps have the id {id}: give each its own"),
            Self::DuplicateKey(key) => write!(f, "the key {key} occurs twice: keys name one app"),
        }
    }
}

impl std::error::Error for AppsError {}

impl Apps {
    /// Indexes the configured applications.
    ///
    /// # Errors
    /// When there is none, or ids or keys are not unique.
    pub fn new(apps: Vec<App>) -> Result<Self, AppsError> {
        let apps: Vec<Arc<App>> = apps.into_iter().map(Arc::new).collect();
        let first = Arc::clone(apps.first().ok_or(AppsError::Empty)?);
        let (mut by_id, mut by_key) = (HashMap::new(), HashMap::new());
        for app in &apps {
            if by_id.insert(app.id.clone(), Arc::clone(app)).is_some() {
                return Err(AppsError::DuplicateId(app.id.clone()));
            }
            for pair in &app.keys {
                if by_key.insert(pair.key.clone(), Arc::clone(app)).is_some() {
                    return Err(AppsError::DuplicateKey(pair.key.clone()));
                }
            }
        }
        Ok(Self { all: apps, first, by_id, by_key })
    }

    /// All of them, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<App>> {
        self.all.iter()
    }

    /// The application with this id.
    pub fn by_id(&self, id: &AppId) -> Option<&Arc<App>> {
        self.by_id.get(id)
    }

    /// The application that one of its keys names.
    pub fn by_key(&self, key: &AppKey) -> Option<&Arc<App>> {
        self.by_key.get(key)
    }

    /// The first one configured: it carries the dashboard's events.
    pub fn first(&self) -> &Arc<App> {
        &self.first
    }
}
