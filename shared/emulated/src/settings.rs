//! What can be set, also while it runs.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How messages of clients are put out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shuffle {
    /// Where the order begins: the same seed delays the same messages in the same way.
    pub seed: u64,
    /// The longest delay of a message, in milliseconds.
    pub up_to_ms: u64,
}

/// Limits, delays and rates. The defaults are those of AWS, where AWS has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The WebSocket API's stage.
    pub stage: String,
    /// Silence, in either direction, after which a connection ends with 1001, in milliseconds.
    pub idle_ms: u64,
    /// The longest life of a connection, in milliseconds; it ends with 1001.
    pub age_ms: u64,
    /// How long a WebSocket route waits for its function, in milliseconds.
    pub integration_ms: u64,
    /// How long the HTTP API waits for its function, in milliseconds.
    pub http_integration_ms: u64,
    /// How long a function may run, in milliseconds. Whoever takes longer is killed.
    pub function_ms: u64,
    /// Calls per second that `@connections` answers; above that 429.
    pub management_rate: NonZeroU32,
    /// Environments of one function at most; events above that wait for one.
    pub concurrency: usize,
    /// Whether the route `pusher:ping` is there: a pong without a function.
    pub ping_route: bool,
    /// Delays before the second and the third attempt of an asynchronous invocation, in milliseconds. AWS: one and two minutes.
    pub async_retry_ms: [u64; 2],
    /// How long a received message of the queue stays hidden, in milliseconds.
    pub visibility_ms: u64,
    /// Receptions after which a message goes to the dead letters.
    pub max_receives: u32,
    /// Milliseconds between two events of the schedule.
    pub schedule_ms: u64,
    /// Whether `$disconnect` gets lost.
    pub lose_disconnects: bool,
    /// Whether, and how, messages overtake each other more than they do anyway.
    pub shuffle: Option<Shuffle>,
    /// Parameters of Systems Manager, and secrets of Secrets Manager, by their names.
    pub parameters: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stage: "prod".to_owned(),
            idle_ms: 600_000,
            age_ms: 7_200_000,
            integration_ms: 29_000,
            http_integration_ms: 30_000,
            function_ms: 30_000,
            management_rate: NonZeroU32::MIN.saturating_add(9_999),
            concurrency: 4,
            ping_route: true,
            async_retry_ms: [1_000, 2_000],
            visibility_ms: 30_000,
            max_receives: 5,
            schedule_ms: 60_000,
            lose_disconnects: false,
            shuffle: None,
            parameters: BTreeMap::new(),
        }
    }
}

/// The settings as they are now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Current(Arc<RwLock<Settings>>);

impl Current {
    /// These, to begin with.
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Arc::new(RwLock::new(settings)))
    }

    /// A copy.
    pub(crate) fn get(&self) -> Settings {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One of them.
    pub(crate) fn of<T>(&self, read: impl FnOnce(&Settings) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A duration among them, kept in milliseconds.
    pub(crate) fn time(&self, read: impl FnOnce(&Settings) -> u64) -> Duration {
        Duration::from_millis(self.of(read))
    }

    /// Replaces all.
    pub(crate) fn set(&self, settings: Settings) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }
}
