//! The store on DynamoDB: who is connected, subscribed and present, shared by any number of processes.
//!
//! One table. A subscription is three rows: a *link* in the partition of its connection, a *member* in a shard of its
//! channel, and one more in the number on the *channel's row*; on presence channels also an entry in the *user's row*. The
//! member is written last and deleted first, by a write that succeeds once: whoever deletes it does the rest. So a verb that
//! runs twice, or against another one, changes each number once. The link is written first and ended last: one without a
//! member tells of a verb that is under way, or was left halfway. All reads that decide are strongly consistent.
//!
//! Every row has `x`, the second after which it counts as gone: DynamoDB deletes late, so reads look themselves.

mod channel;
mod close;
mod connections;
mod error;
mod events;
mod idempotency;
mod item;
mod join;
mod keys;
mod leave;
mod links;
mod lists;
mod members;
mod open;
mod rates;
mod recorded;
mod seen;
mod settle;
mod shards;
mod sign_in;
mod speak;
mod start;
mod store;
mod sweep;
mod table;
mod tables;
mod users;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use channels::SharedApps;

use crate::shards::Shards;
use crate::table::Table;

pub use error::Error;
pub use seen::Seen;
pub use sweep::{Sweep, TURNS};

/// What the store must know of its host.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The table's name.
    pub table: String,
    /// The longest time that a connection can last, seconds, with some room: rows count as gone after it.
    pub life_s: u64,
    /// The clock: milliseconds since the Unix epoch.
    pub now_ms: fn() -> u64,
}

/// Who is connected, subscribed and present, in a DynamoDB table.
#[derive(Debug, Clone)]
pub struct DynamoStore {
    table: Table,
    apps: SharedApps,
    settings: Settings,
    shards: Arc<Shards>,
}

impl DynamoStore {
    /// The store in a table that exists. Connections are remembered with their app's id; `apps` tells the rest.
    pub fn new(client: Client, apps: SharedApps, settings: Settings) -> Self {
        let table = Table::new(client, settings.table.clone());
        Self { table, apps, settings, shards: Arc::default() }
    }

    /// Now, in milliseconds since the Unix epoch.
    fn now_ms(&self) -> u64 {
        (self.settings.now_ms)()
    }

    /// Now, in seconds since the Unix epoch: rows whose `x` is not later are gone.
    fn now_s(&self) -> u64 {
        self.now_ms() / 1_000
    }

    /// When what is written now counts as gone.
    fn expires_s(&self) -> u64 {
        self.now_s().saturating_add(self.settings.life_s)
    }
}
