//! Publications of the last minutes that may be sent again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::AppId;

use super::MemoryStore;
use crate::Error;
use crate::idempotency::{ANSWER_KEPT_MS, Begun, Claim, Idempotency, WORK_MS};

/// Most answers kept. Ours: with the next limit, about 20 MB.
const ANSWERS: usize = 20_000;
/// Most bytes of answers kept.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

type Id = (AppId, String);

/// Works by app and key.
#[derive(Default)]
pub(super) struct Works(Mutex<Kept>);

impl Works {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Works by app and key, and those that were answered in the order in which they are forgotten.
#[derive(Debug, Default)]
struct Kept {
    works: HashMap<Id, Work>,
    ends: VecDeque<(u64, Id)>,
    bytes: usize,
}

#[derive(Debug)]
struct Work {
    digest: [u8; 32],
    attempt: u64,
    /// Nothing while it is under way.
    answer: Option<String>,
    until_ms: u64,
}

fn id(claim: &Claim) -> Id {
    (claim.app.clone(), claim.key.clone())
}

impl Kept {
    fn begin(&mut self, claim: &Claim, now_ms: u64) -> Begun {
        self.expire(now_ms);
        match self.works.get(&id(claim)).filter(|work| work.until_ms > now_ms) {
            Some(work) if work.digest != claim.digest => Begun::OtherRequest,
            Some(Work { answer: Some(answer), .. }) => Begun::Answered(answer.clone()),
            Some(work) if work.attempt != claim.attempt => Begun::UnderWay,
            _ => {
                let until_ms = now_ms.saturating_add(WORK_MS);
                let (digest, attempt) = (claim.digest, claim.attempt);
                self.works.insert(id(claim), Work { digest, attempt, answer: None, until_ms });
                Begun::Now
            }
        }
    }

    fn finish(&mut self, claim: &Claim, answer: &str, now_ms: u64) {
        let Some(work) = self.of(claim) else { return };
        work.answer = Some(answer.to_owned());
        work.until_ms = now_ms.saturating_add(ANSWER_KEPT_MS);
        let end = work.until_ms;
        self.bytes += answer.len();
        self.ends.push_back((end, id(claim)));
        while self.ends.len() > ANSWERS || self.bytes > ANSWER_BYTES {
            self.drop_oldest();
        }
    }

    fn give_up(&mut self, claim: &Claim) {
        if self.of(claim).is_some() {
            self.works.remove(&id(claim));
        }
    }

    /// The work of this attempt, while it is under way.
    fn of(&mut self, claim: &Claim) -> Option<&mut Work> {
        let work = self.works.get_mut(&id(claim))?;
        (work.attempt == claim.attempt && work.answer.is_none()).then_some(work)
    }

    fn expire(&mut self, now_ms: u64) {
        while self.ends.front().is_some_and(|(end, _)| *end <= now_ms) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some((_, id)) = self.ends.pop_front() else { return };
        let answer = self.works.remove(&id).and_then(|work| work.answer);
        self.bytes -= answer.map_or(0, |answer| answer.len());
    }
}

impl Idempotency for MemoryStore {
    async fn begin(&self, claim: &Claim, now_ms: u64) -> Result<Begun, Error> {
        Ok(self.works.lock().begin(claim, now_ms))
    }

    async fn finish(&self, claim: &Claim, answer: &str, now_ms: u64) -> Result<(), Error> {
        self.works.lock().finish(claim, answer, now_ms);
        Ok(())
    }

    async fn give_up(&self, claim: &Claim) -> Result<(), Error> {
        self.works.lock().give_up(claim);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::idempotency::claim;

    #[test]
    fn memory_is_bounded_by_number_and_by_size() {
        let mut kept = Kept::default();
        let done = |kept: &mut Kept, key: &str, answer: &str| {
            assert_eq!(kept.begin(&claim("1", key, 1, 1), 0), Begun::Now);
            kept.finish(&claim("1", key, 1, 1), answer, 0);
        };
        for n in 0..ANSWERS + 10 {
            done(&mut kept, &n.to_string(), "{}");
        }
        assert_eq!((kept.works.len(), kept.ends.len()), (ANSWERS, ANSWERS));
        assert_eq!(kept.bytes, 2 * ANSWERS);
        let large = "x".repeat(ANSWER_BYTES / 4);
        for n in 0..10 {
            done(&mut kept, &format!("large {n}"), &large);
        }
        assert!(kept.works.len() == 4 && kept.bytes <= ANSWER_BYTES, "{}", kept.works.len());
        kept.expire(ANSWER_KEPT_MS);
        assert!(kept.works.is_empty() && kept.ends.is_empty() && kept.bytes == 0);
    }
}
