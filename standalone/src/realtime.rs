//! The DynamoDB store on one machine: the code that many processes share, on an engine inside this one.
//!
//! Its table is in memory: who is connected is not connected any more after a restart, and what nobody needs again is not
//! worth a sync of the disk. Rows that are out of date are deleted every minute, as DynamoDB does in its own time.

use std::time::Duration;

use channels::SharedApps;
use dynamo::{DynamoStore, Settings};
use embedded::Engine;
use tokio::time::{Instant, interval_at};

use crate::jobs::now_ms;
use crate::serve::ServeError;

/// The table's name.
pub(crate) const TABLE: &str = "realtime";
/// Sockets of this process have no longest time, and end with it: ten years, in seconds.
const LIFE_S: u64 = 10 * 365 * 24 * 3_600;

/// How often rows that are out of date are deleted. Ours: channels and connections that ended wait for a minute themselves.
const EXPIRE_EVERY: Duration = Duration::from_secs(60);

/// Makes the table, and the store on it.
pub(crate) async fn open(apps: SharedApps) -> Result<DynamoStore, ServeError> {
    let engine = embedded::engine_in_memory()?;
    let store = DynamoStore::new(engine.client(), apps, settings());
    store.create_table().await?;
    tokio::spawn(expire(engine));
    Ok(store)
}

/// Deletes what is out of date now and then, as DynamoDB does, for as long as the process lives.
pub(crate) async fn expire(engine: Engine) {
    let mut clock = interval_at(Instant::now() + EXPIRE_EVERY, EXPIRE_EVERY);
    loop {
        clock.tick().await;
        if let Err(error) = engine.expire().await {
            tracing::error!(%error, "rows were not expired");
        }
    }
}

/// What the store is told of its table.
pub(crate) fn settings() -> Settings {
    Settings { table: TABLE.to_owned(), life_s: LIFE_S, now_ms }
}
