//! Of what many processes tell at once about one rate nothing is lost, and no more is counted than there is room for.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod world;

use dynamo::DynamoStore;
use store::SharedRates;
use store::conformance::rates::told;
use throttle::{Heard, Told};
use tokio::task::JoinSet;

use world::NOW_MS;

/// Processes, and what each of them tells.
const PROCESSES: u64 = 4;
const TELLS: u64 = 8;

async fn at_once(stores: &[DynamoStore], name: &str, told: Told, now_ms: u64) -> Vec<Heard> {
    let mut telling = JoinSet::new();
    for n in 0..PROCESSES * TELLS {
        let store = stores[usize::try_from(n % PROCESSES).unwrap()].clone();
        let name = name.to_owned();
        telling.spawn(async move { store.tell(&name, &told, now_ms).await.unwrap().unwrap() });
    }
    telling.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_at_once_adds_up() {
    let client = world::world().await.client;
    let stores: Vec<_> = (0..PROCESSES).map(|_| world::store(client.clone(), || NOW_MS)).collect();
    let one = told(0);
    for turn in 0..20 {
        let name = format!("r{turn}");
        // Twice: on a row that is not there, and on one whose time is over.
        for now_ms in [NOW_MS, NOW_MS + 600_000] {
            let full_us = now_ms * 1_000 + one.most_us;
            let all = at_once(&stores, &name, one, now_ms).await;
            let counted = all.iter().filter(|it| it.counted);
            let mut counted: Vec<_> = counted.map(|it| it.whole_at_us).collect();
            counted.sort_unstable();
            let room: Vec<_> = (1..=6).map(|n| now_ms * 1_000 + n * one.cost_us).collect();
            assert_eq!(counted, room, "six fit into a minute");
            assert!(all.iter().all(|it| it.counted || it.whole_at_us == full_us), "{all:?}");
        }
        let owed = Told { most_us: 1_000 * one.most_us, never_us: 2_000 * one.most_us, ..one };
        let all = at_once(&stores, &format!("o{turn}"), owed, NOW_MS).await;
        let last = all.iter().map(|it| it.whole_at_us).max();
        assert_eq!(last, Some(NOW_MS * 1_000 + PROCESSES * TELLS * one.cost_us));
    }
}
