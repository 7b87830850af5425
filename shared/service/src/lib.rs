//! The verbs. Each one is a sandwich: *pure check → one store change → pure effects → run effects*.
//!
//! The same service stands behind every transport and every host; only the store and the way
//! out differ.

mod client_event;
mod close;
mod close_disabled;
mod connect;
mod effects;
mod error;
mod events_after;
mod get_channel;
mod idempotency;
mod lanes;
mod list_channels;
mod list_users;
mod look_again;
mod message;
mod outbox;
mod publish;
mod sign_in;
mod subscribe;
mod subscription_count;
mod tally;
mod terminate_connections;
mod unsubscribe;
mod usage;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use channels::{App, Apps, SharedApps};
use identity::Facts;
use lanes::Lanes;
use protocol::AppId;
use store::Store;
use tally::Others;
use usage::Usage;

pub use connect::{Arrival, Credential};
pub use message::Handled;
pub use outbox::{Delivery, Outbox};
pub use tally::{Named, Tally};

/// Everything the verbs need: who may, who is there, the way out, and what the policy asks about.
pub struct Service<S, O, F> {
    apps: SharedApps,
    store: S,
    outbox: O,
    facts: F,
    lanes: Lanes,
    usage: Usage,
    others: Others,
}

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Puts the parts together.
    pub fn new(apps: impl Into<SharedApps>, store: S, outbox: O, facts: F) -> Self {
        let (lanes, usage, others) = (Lanes::default(), Usage::default(), Others::default());
        Self { apps: apps.into(), store, outbox, facts, lanes, usage, others }
    }

    /// The applications served, as they are now.
    pub fn apps(&self) -> Arc<Apps> {
        self.apps.load()
    }

    /// An application as it is now.
    pub(crate) fn app(&self, id: &AppId) -> Option<Arc<App>> {
        self.apps.load().by_id(id).cloned()
    }

    /// The applications, for who must see their changes.
    pub fn shared_apps(&self) -> SharedApps {
        self.apps.clone()
    }

    /// The way out, for the transport that owns the connections.
    pub fn outbox(&self) -> &O {
        &self.outbox
    }
}
