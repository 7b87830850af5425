//! Rates that several processes keep together on one table.

use std::num::NonZeroU32;

use channels::usage::Rates;
use channels::{App, Apps, Limits};
use dynamo::{DynamoStore, Settings};
use throttle::{Count, Rate, Verdict};

use super::world::{World, app};
use crate::{Named, Tally};

const NOW_MS: u64 = 1_795_000_000_000;
const PING: &str = r#"{"event":"pusher:ping"}"#;

fn per_second(count: u32) -> Rate {
    Rate::per_second(NonZeroU32::new(count).unwrap())
}

fn limited(per_user: Rates, per_app: Rates) -> App {
    App { limits: Limits { per_user, per_app, ..Limits::default() }, ..app() }
}

/// A store whose table is not there yet.
fn store() -> DynamoStore {
    let client = embedded::memory().unwrap();
    let settings = Settings { table: "realtime".into(), life_s: 7_800, now_ms: || NOW_MS };
    DynamoStore::new(client, Apps::new(vec![app()]).unwrap().into(), settings)
}

/// Processes on one table.
async fn processes(app: App, most: usize) -> Vec<World<DynamoStore>> {
    let store = store();
    store.create_table().await.unwrap();
    (0..most).map(|_| World::on(app.clone(), store.clone(), NOW_MS)).collect()
}

/// Pongs and refusals heard in all processes.
fn heard(all: &[World<DynamoStore>]) -> (usize, usize) {
    let heard: String = all.iter().map(World::heard).collect();
    (heard.matches("pong").count(), heard.matches("Message dropped").count())
}

#[tokio::test]
async fn a_user_who_comes_to_several_processes_has_one_rate() {
    let rates = Rates { commands: Some(per_second(3)), ..Rates::default() };
    let all = processes(limited(rates, Rates::default()), 4).await;
    for (n, world) in (1..).zip(&all) {
        world.connect_as(n, "ann", "w1").await;
        world.heard();
    }
    for _ in 0..2 {
        for (n, world) in (1..).zip(&all) {
            world.says(n, PING).await;
        }
    }
    assert_eq!(heard(&all), (3, 5));
    for world in &all {
        world.wait(334);
    }
    for (n, world) in (1..).zip(&all) {
        world.says(n, PING).await;
    }
    assert_eq!(heard(&all), (1, 3), "a third of a second later there is room for one");
}

#[tokio::test]
async fn an_app_has_one_rate_and_users_are_not_mixed_up() {
    let user = Rates { commands: Some(per_second(2)), ..Rates::default() };
    let all = processes(limited(user, Rates { commands: Some(per_second(5)), ..user }), 2).await;
    for (n, world) in (1..).zip(&all) {
        for who in ["ann", "bob", "eve"] {
            let n = 10 * n + u64::from(who.as_bytes()[0] % 10);
            world.connect_as(n, who, "w1").await;
        }
        world.heard();
    }
    let says = async |n: u64, who: &str| {
        let n = 10 * n + u64::from(who.as_bytes()[0] % 10);
        all[usize::from(n >= 20)].says(n, PING).await;
    };
    for who in ["ann", "bob", "eve"] {
        says(1, who).await;
        says(2, who).await;
    }
    assert_eq!(heard(&all), (5, 1), "each two, all five");
}

/// A key of the test.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key;

impl Named for Key {
    fn name(&self) -> String {
        "key".into()
    }
}

#[tokio::test]
async fn where_the_table_does_not_answer_each_process_counts_alone() {
    let store = store();
    let one = World::on(app(), store.clone(), NOW_MS);
    let tally = Tally::new(10);
    let count = async |now_ms| {
        one.service.tally(&tally, Key, (per_second(3), Count::WhatFits), now_ms).await
    };
    for _ in 0..3 {
        assert_eq!(count(NOW_MS).await, Verdict::Pass);
    }
    assert!(matches!(count(NOW_MS).await, Verdict::Over { retry_after_ms: 334, .. }));
    store.create_table().await.unwrap();
    let other = World::on(app(), store, NOW_MS);
    let others = Tally::new(10);
    let elsewhere = async |now_ms| {
        other.service.tally(&others, Key, (per_second(3), Count::WhatFits), now_ms).await
    };
    // For a second nobody is asked, then what was not told is.
    assert_eq!(count(NOW_MS + 500).await, Verdict::Pass);
    assert_eq!(count(NOW_MS + 1_000).await, Verdict::Pass);
    assert_eq!(elsewhere(NOW_MS + 1_000).await, Verdict::Pass);
    assert!(matches!(elsewhere(NOW_MS + 1_000).await, Verdict::Over { .. }));
}
