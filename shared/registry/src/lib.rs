//! The verbs of apps: those of the configuration and those of the table, served as one list.
//!
//! What is served is a snapshot that readers share; it is made anew from the table after every change and whenever
//! [`Registry::refresh`] is called, so a host with several processes calls that every few seconds.

mod change;
mod create;
mod error;
mod read;
mod refresh;

use apps::AppSpec;
use channels::SharedApps;
use data::Data;
use tokio::sync::{Mutex, watch};
use webhooks::SharedEndpoints;

pub use create::Fresh;
pub use error::{OpenError, Refusal};

/// The apps of a server.
pub struct Registry {
    data: Data,
    configured: Vec<AppSpec>,
    apps: SharedApps,
    endpoints: SharedEndpoints,
    changed: watch::Sender<u64>,
    /// One change at a time, so that the snapshot is never older than the last answer.
    turn: Mutex<()>,
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
