//! A sweep sees every member in time, and no more of them in a run than it may.

mod world;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use channels::Limits;
use dynamo::{DynamoStore, TURNS};
use protocol::ConnectionId;
use store::Store;
use store::conformance::{ASKED, app, connection, join};

use world::World;

/// On one channel, and alone on one each.
const TOGETHER: u64 = 40;
const ALONE: u64 = 30;

/// Everybody, on channels of which one has been told to have several shards.
async fn everybody(World { client, store }: &World) -> BTreeSet<ConnectionId> {
    let app = app("1001", Limits::default());
    let mut all = BTreeSet::new();
    for n in 0..TOGETHER + ALONE {
        let channel = if n < TOGETHER { "large".to_owned() } else { format!("c{n}") };
        let by = connection(&app, n);
        store.open(by.clone()).await.expect("an answer");
        store.join(&by, &join(&channel, None), ASKED).await.expect("an answer");
        all.insert(by.id);
        if n % 5 == 1 && n < 10 {
            let text = |text: &str| AttributeValue::S(text.to_owned());
            let grow = client.update_item().table_name("realtime");
            let grow = grow.key("pk", text("S/0/1001/large")).key("sk", text("#"));
            let grow = grow.update_expression("ADD n :many");
            let many = AttributeValue::N("5000".to_owned());
            grow.expression_attribute_values(":many", many).send().await.expect("an answer");
        }
    }
    all
}

/// Sweeps from a minute on until all were seen; answers the minute when they were.
async fn until_all(
    (store, all): (&DynamoStore, &BTreeSet<ConnectionId>),
    from: u64,
    most: usize,
) -> u64 {
    let (mut seen, mut minute) = (BTreeSet::new(), from);
    while seen != *all {
        let sweep = store.sweep(minute, most).await.expect("an answer");
        assert!(sweep.connections.len() <= most);
        seen.extend(sweep.connections.iter().cloned());
        store.swept(&sweep).await.expect("an answer");
        minute += 1;
        assert!(minute < from + 1_000, "only {} of {} had their turn", seen.len(), all.len());
    }
    minute
}

#[tokio::test]
async fn every_member_has_its_turn_however_many_there_are() {
    let world = world::world().await;
    let all = everybody(&world).await;
    let (all, mut minute) = ((&world.store, &all), 0);
    for most in [1_000, 2, 7, 25] {
        let bound = TURNS + (TOGETHER + ALONE).div_ceil(most as u64);
        // What a sweep before has left goes on.
        for _ in 0..3 {
            let from = minute;
            minute = until_all(all, from, most).await;
            assert!(minute - from <= bound, "{} minutes for {most} a minute", minute - from);
        }
    }
}

#[tokio::test]
async fn who_has_left_has_no_turn() {
    let world = world::world().await;
    let app = app("1001", Limits::default());
    let by = connection(&app, 1);
    world.store.open(by.clone()).await.expect("an answer");
    world.store.join(&by, &join("a", None), ASKED).await.expect("an answer");
    let found = async || {
        let mut found = 0;
        for minute in 0..TURNS {
            found += world.store.sweep(minute, 10).await.expect("an answer").connections.len();
        }
        found
    };
    assert_eq!(found().await, 1);
    let closed = world.store.close(&by.id).await.expect("an answer").unwrap();
    for channel in &closed.channels {
        let leaving = channels::Leaving::Clean;
        world.store.leave(&by, channel, leaving, channels::Asked::LAST).await.expect("an answer");
    }
    assert_eq!(found().await, 0);
}
