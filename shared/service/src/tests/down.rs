//! A store that is down: whoever wanted something of it is told.

use std::sync::Arc;

use channels::{Apps, Publish};
use dynamo::{DynamoStore, Settings};
use protocol::{ChannelName, EventName};

use super::world::{World, app};

const NOW_MS: u64 = 1_795_000_000_000;

/// Two clients on a channel of a store whose table is gone.
async fn down() -> World<DynamoStore> {
    let client = embedded::memory().unwrap();
    let settings = Settings { table: "realtime".into(), life_s: 7_200, now_ms: || NOW_MS };
    let apps = Apps::new(vec![app()]).unwrap();
    let store = DynamoStore::new(client.clone(), apps.into(), settings);
    store.create_table().await.unwrap();
    let world = World::on(app(), store, NOW_MS);
    for n in 1..3 {
        world.connect(n).await;
        world.subscribe(n, "private-a", None).await;
    }
    world.heard();
    client.delete_table().table_name("realtime").send().await.unwrap();
    world
}

#[tokio::test]
async fn a_publisher_hears_that_subscribers_cannot_be_read() {
    let world = down().await;
    let publish = Publish {
        channels: vec![ChannelName::parse("private-a").unwrap()],
        event: EventName::parse("e").unwrap(),
        data: "d".into(),
        except: None,
        info: Default::default(),
    };
    let app = Arc::clone(world.service.apps().first());
    assert!(world.service.publish(&app, &publish, NOW_MS).await.is_err());
    assert_eq!(world.heard(), "");
}
