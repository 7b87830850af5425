//! The verbs of apps: those of the configuration and those of the table, served as one list.
//!
//! What is served is a snapshot that readers share; it is made anew from the table after every change. What another
//! process changed is seen by [`Registry::refresh_when_due`], which a host calls as often as it likes.

mod change;
mod create;
mod error;
mod read;
mod refresh;

use std::sync::atomic::AtomicU64;

use apps::AppSpec;
use channels::SharedApps;
use data::{AppRow, Data};
use tokio::sync::{Mutex, watch};
use webhooks::{Endpoint, SharedEndpoints};

pub use create::Fresh;
pub use error::{OpenError, Refusal};
pub use refresh::REFRESH;

/// The apps of a server.
pub struct Registry {
    data: Data,
    configured: Vec<AppSpec>,
    /// Who receives the events of every app, beside its own.
    everywhere: Option<Endpoint>,
    apps: SharedApps,
    endpoints: SharedEndpoints,
    changed: watch::Sender<u64>,
    /// When the table is to be read again, milliseconds since the Unix epoch.
    due_ms: AtomicU64,
    /// One change at a time, so that the snapshot is never older than the last answer: with the rows that it is made of.
    turn: Mutex<Vec<AppRow>>,
}

impl Registry {
    /// The apps as they are now, for all who serve them.
    pub fn apps(&self) -> SharedApps {
        self.apps.clone()
    }

    /// Who receives the apps' events, for whoever sends them.
    pub fn endpoints(&self) -> SharedEndpoints {
        self.endpoints.clone()
    }

    /// Tells of changes, for whoever ends the connections of apps that were switched off.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}
