//! Counts what keys do: exactly in this process, and close to it together with others on the same store.

use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use identity::Facts;
use store::Store;
use throttle::{Count, Heard, Meters, Rate, Shares, Step, Told, Verdict};

use crate::{Outbox, Service};

/// How long the others may take to answer. Ours: a hundred times what DynamoDB takes, and less than pusher-js waits for a
/// connection.
const ANSWER: Duration = Duration::from_millis(1_000);
/// How long after they did not answer they are not asked again.
const PAUSE_MS: u64 = 1_000;

/// A key that others know by a name.
pub trait Named: Hash + Eq + Clone + Send {
    /// Its name: the same for the same key in all processes.
    fn name(&self) -> String;
}

/// What many keys did lately.
#[derive(Debug)]
pub struct Tally<K> {
    meters: Mutex<Meters<K>>,
    /// Stays empty where nobody else uses the store.
    shares: Mutex<Shares<K>>,
}

impl<K: Named> Tally<K> {
    /// Nobody did anything yet; at most so many keys are remembered.
    pub fn new(most: usize) -> Self {
        Self { meters: Mutex::new(Meters::new(most)), shares: Mutex::new(Shares::new(most)) }
    }

    /// Whether one more would pass, as far as this process knows. Nothing is counted.
    ///
    /// # Errors
    /// When it would not: the milliseconds until it would.
    pub fn wait_ms(&self, key: &K, rate: Rate, now_ms: u64) -> Result<(), u64> {
        lock(&self.meters).wait_ms(key, rate, now_ms)?;
        lock(&self.shares).wait_ms(key, rate, now_ms)
    }

    /// Refuses a key that is known to be over its rate.
    pub fn overrule(&self, key: K, by: (Rate, Count), wait_ms: u64, now_ms: u64) -> Verdict {
        lock(&self.meters).overrule(key, by, wait_ms, now_ms)
    }
}

/// The others on the same store.
#[derive(Debug, Default)]
pub(crate) struct Others {
    silent_until_ms: AtomicU64,
    failing: AtomicBool,
}

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Counts what a key does against its rate, here first and then, if there is something to tell, with the others. Where they do
    /// not answer this process counts alone. `now_ms`: milliseconds since the Unix epoch.
    pub async fn tally<K: Named>(
        &self,
        tally: &Tally<K>,
        key: K,
        (rate, count): (Rate, Count),
        now_ms: u64,
    ) -> Verdict {
        if !S::SHARED {
            return lock(&tally.meters).count(key, rate, now_ms);
        }
        let verdict = lock(&tally.meters).count(key.clone(), rate, now_ms);
        if verdict != Verdict::Pass || self.others.are_silent(now_ms) {
            return verdict;
        }
        let step = lock(&tally.shares).count(key.clone(), rate, count, now_ms);
        let wait_ms = match step {
            Step::Pass => return verdict,
            Step::Over(wait_ms) => wait_ms,
            Step::Tell(told) => {
                let heard = self.tell(&key.name(), &told, now_ms).await;
                let mut shares = lock(&tally.shares);
                let Some(heard) = heard else {
                    shares.keep(key, told, now_ms);
                    return verdict;
                };
                match shares.hear(key.clone(), rate, (told, heard), now_ms) {
                    Ok(()) => return verdict,
                    Err(wait_ms) => wait_ms,
                }
            }
        };
        tally.overrule(key, (rate, count), wait_ms, now_ms)
    }

    /// Tells the others; `None` if they do not answer.
    async fn tell(&self, name: &str, told: &Told, now_ms: u64) -> Option<Heard> {
        let answer = tokio::time::timeout(ANSWER, self.store.tell(name, told, now_ms)).await;
        match answer {
            Ok(Ok(heard)) => {
                self.others.failing.store(false, Ordering::Relaxed);
                heard
            }
            Ok(Err(error)) => self.others.fail(now_ms, &error),
            Err(late) => self.others.fail(now_ms, &late),
        }
    }
}

impl Others {
    fn are_silent(&self, now_ms: u64) -> bool {
        now_ms < self.silent_until_ms.load(Ordering::Relaxed)
    }

    /// Told once, until they answer again.
    fn fail(&self, now_ms: u64, error: &impl std::fmt::Display) -> Option<Heard> {
        self.silent_until_ms.store(now_ms.saturating_add(PAUSE_MS), Ordering::Relaxed);
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "rates are counted in this process alone for now");
        }
        None
    }
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}
