//! The DynamoDB store on one machine: the code that many processes share, on an engine inside this one.
//!
//! Its table is in memory: who is connected is not connected any more after a restart, and what nobody needs again is not
//! worth a sync of the disk. Rows out of date are deleted by DynamoDB alone, so here they stay until the process ends.

use channels::SharedApps;
use dynamo::{DynamoStore, Settings};

use crate::jobs::now_ms;
use crate::serve::ServeError;

/// The table's name.
const TABLE: &str = "realtime";
/// Sockets of this process have no longest time, and end with it: ten years, in seconds.
const LIFE_S: u64 = 10 * 365 * 24 * 3_600;

/// Makes the table, and the store on it.
pub(crate) async fn open(apps: SharedApps) -> Result<DynamoStore, ServeError> {
    let settings = Settings { table: TABLE.to_owned(), life_s: LIFE_S, now_ms };
    let store = DynamoStore::new(embedded::memory()?, apps, settings);
    store.create_table().await?;
    Ok(store)
}
