//! A store on an engine in memory.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use channels::{App, Apps};
use dynamo::{DynamoStore, Settings};
use protocol::AppId;

/// What the tests' clock says: a time in 2026.
pub(crate) const NOW_MS: u64 = 1_795_000_000_000;
/// Two hours, as API Gateway lets a connection last, and ten minutes.
pub(crate) const LIFE_S: u64 = 2 * 3_600 + 600;

#[allow(dead_code, reason = "each test file uses a part of this")]
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) store: DynamoStore,
}

/// An empty store.
pub(crate) async fn world() -> World {
    let client = embedded::memory().expect("an engine");
    let store = store(client.clone(), || NOW_MS);
    store.create_table().await.expect("a table");
    World { client, store }
}

/// A store on a client, by another clock.
pub(crate) fn store(client: Client, now_ms: fn() -> u64) -> DynamoStore {
    let apps = Apps::new(vec![App::new(AppId::new("1001"), Vec::new())]).expect("valid apps");
    let settings = Settings { table: "realtime".to_owned(), life_s: LIFE_S, now_ms };
    DynamoStore::new(client, apps.into(), settings)
}

/// The rows that are left, but for those that only wait for DynamoDB to delete them: marks of links and connections that
/// ended, and channels that nobody is on.
#[allow(dead_code, reason = "each test file uses a part of this")]
pub(crate) async fn left(client: &Client) -> Vec<HashMap<String, AttributeValue>> {
    let rows = client.scan().table_name("realtime").send().await.expect("an answer");
    let rows = rows.items.unwrap_or_default().into_iter();
    let zero =
        |row: &HashMap<_, _>, name| row.get(name) == Some(&AttributeValue::N("0".to_owned()));
    let fades = |row: &HashMap<_, _>| zero(row, "n") && zero(row, "m") && !row.contains_key("l");
    let ended = |row: &HashMap<_, _>| row.contains_key("d") || row.contains_key("z");
    rows.filter(|row| !fades(row) && !ended(row)).collect()
}
