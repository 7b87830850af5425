//! Each store, for a while.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use channels::Apps;
use dynamo::{DynamoStore, Settings};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use store::MemoryStore;

use super::{Step, run, server, steps};

/// How long each store is tried, seconds, unless `MODEL_SECONDS` says so.
const SECONDS: u64 = 4;
/// Cases between two looks at the clock.
const CASES: u32 = 4;
/// Attempts at a shorter case that fails as well.
const SHRINKS: u32 = 2_000;
/// A time in 2026.
const NOW_MS: u64 = 1_795_000_000_000;
/// Nothing ends by itself meanwhile: ten years, in seconds.
const LIFE_S: u64 = 10 * 365 * 24 * 3_600;

thread_local! {
    static CLOCK: Cell<u64> = const { Cell::new(NOW_MS) };
}

/// Tries cases until the time is up; a failure is shrunk, and told with the seed.
fn for_a_while(name: &str, mut case: impl FnMut(&[Step])) {
    let seconds = std::env::var("MODEL_SECONDS").ok().and_then(|it| it.parse().ok());
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or(SECONDS));
    let first = std::env::var("MODEL_SEED").ok().and_then(|it| it.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut seed: u64 = first.unwrap_or(now.as_secs());
    let (mut tried, case) = (0, std::cell::RefCell::new(&mut case));
    while tried == 0 || Instant::now() < until {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let config = Config {
            cases: CASES,
            failure_persistence: None,
            max_shrink_iters: SHRINKS,
            ..Config::default()
        };
        let done = TestRunner::new_with_rng(config, random).run(&steps(), |steps| {
            (case.borrow_mut())(&steps);
            Ok(())
        });
        match done {
            Ok(()) => tried += CASES,
            Err(TestError::Fail(why, steps)) => {
                panic!("{name}, MODEL_SEED={seed}: {why}\nwith {steps:?}")
            }
            Err(error) => panic!("{name}, MODEL_SEED={seed}: {error}"),
        }
        seed += 1;
    }
    println!("{name}: {tried} sequences of verbs, the last with MODEL_SEED={}", seed - 1);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn all_verbs_do_what_the_model_does_in_memory() {
    let runtime = runtime();
    for_a_while("memory", |steps| {
        runtime.block_on(run(MemoryStore::new(), NOW_MS, steps, |_| {}));
    });
}

#[test]
fn all_verbs_do_what_the_model_does_in_dynamodb() {
    let (runtime, client, mut cases) = (runtime(), embedded::memory().unwrap(), 0);
    for_a_while("DynamoDB", |steps| {
        cases += 1;
        CLOCK.set(NOW_MS);
        let apps = Apps::new(vec![server()]).unwrap();
        let table = format!("realtime-{cases}");
        let settings = Settings { table: table.clone(), life_s: LIFE_S, now_ms: || CLOCK.get() };
        let store = DynamoStore::new(client.clone(), apps.into(), settings);
        runtime.block_on(async {
            store.create_table().await.unwrap();
            run(store, NOW_MS, steps, |now_ms| CLOCK.set(now_ms)).await;
            client.delete_table().table_name(table).send().await.unwrap();
        });
    });
}
