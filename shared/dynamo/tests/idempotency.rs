//! A publication that comes to many processes at once is begun by one of them, also if an answer of the table is lost.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

#[path = "world/unkind.rs"]
#[allow(dead_code, reason = "one mood is enough here")]
mod unkind;
mod world;

use dynamo::DynamoStore;
use store::conformance::idempotency::claim;
use store::{Begun, Idempotency};
use tokio::task::JoinSet;

use unkind::{Mood, Unkind};
use world::NOW_MS;

/// Processes, and attempts that come to each of them.
const PROCESSES: u64 = 4;
const ATTEMPTS: u64 = 8;

async fn at_once(stores: &[DynamoStore], key: &str) -> Vec<Begun> {
    let mut asking = JoinSet::new();
    for n in 0..PROCESSES * ATTEMPTS {
        let store = stores[usize::try_from(n % PROCESSES).unwrap()].clone();
        let claim = claim("1001", key, 1, n);
        asking.spawn(async move { store.begin(&claim, NOW_MS).await.unwrap() });
    }
    asking.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_attempts_at_once_one_begins() {
    let client = world::world().await.client;
    let stores: Vec<_> = (0..PROCESSES).map(|_| world::store(client.clone(), || NOW_MS)).collect();
    for turn in 0..20 {
        let all = at_once(&stores, &format!("k{turn}")).await;
        assert_eq!(all.iter().filter(|it| **it == Begun::Now).count(), 1, "{all:?}");
        assert!(all.iter().all(|it| matches!(it, Begun::Now | Begun::UnderWay)), "{all:?}");
    }
}

/// What was written although no answer came is found again by the attempt that wrote it, and by nobody else.
#[tokio::test]
async fn an_attempt_whose_answer_was_lost_finds_itself() {
    let (client, way) = Unkind::on(&world::world().await.client);
    let store = world::store(client, || NOW_MS);
    let [first, other] = [1, 2].map(|attempt| claim("1001", "k", 1, attempt));
    way.set(Mood::Silent(1));
    assert!(store.begin(&first, NOW_MS).await.is_err());
    way.set(Mood::Kind);
    assert_eq!(store.begin(&other, NOW_MS).await.unwrap(), Begun::UnderWay);
    assert_eq!(store.begin(&first, NOW_MS).await.unwrap(), Begun::Now);
    store.give_up(&first).await.unwrap();
    assert_eq!(store.begin(&other, NOW_MS).await.unwrap(), Begun::Now);
}
