//! `Idempotency-Key`: a publisher that had no answer may send the same again, and it is delivered once.
//!
//! Ours, not Pusher's; the header is the one of the IETF draft "The Idempotency-Key HTTP Header Field".
//! Answers are kept in this process.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, StatusCode};
use protocol::AppId;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::clock;
use crate::plain::Plain;

/// Longest key in characters. Ours: twice as long as any kind of UUID or hash.
const KEY_CHARS: usize = 128;
/// How long an answer is kept, milliseconds: five minutes, longer than any client waits.
const KEEP_MS: u64 = 5 * 60 * 1_000;
/// Most answers kept. Ours: with the next limit, about 20 MB.
const ANSWERS: usize = 20_000;
/// Most bytes of answers kept.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// The header, for the description of routes that honour it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is only described; `Claim` reads it")]
pub(crate) struct IdempotencyKey {
    /// The same key and request within five minutes: the same answer, delivered once
    #[param(rename = "idempotency-key")]
    idempotency_key: Option<String>,
}

/// What a request may be sent again under: its app's key, and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    app: AppId,
    key: String,
    digest: [u8; 32],
}

impl Claim {
    /// Reads the header, if there is one, of a request with this path, query and body.
    pub(crate) fn of(
        headers: &HeaderMap,
        app: &AppId,
        path: &str,
        query: &BTreeMap<String, String>,
        body: &[u8],
    ) -> Result<Option<Self>, Plain> {
        let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
        let key = key.to_str().unwrap_or_default();
        if key.is_empty() || key.len() > KEY_CHARS {
            let message = format!("Idempotency-Key: expected 1 to {KEY_CHARS} ASCII characters");
            return Err(Plain::bad(message));
        }
        let mut digest = Sha256::new().chain_update(path).chain_update([0]);
        // When it was signed does not matter: a repetition is signed anew.
        for (name, value) in query.iter().filter(|(name, _)| !name.starts_with("auth_")) {
            digest =
                digest.chain_update(name).chain_update([0]).chain_update(value).chain_update([0]);
        }
        let digest = digest.chain_update([0]).chain_update(body);
        Ok(Some(Self { app: app.clone(), key: key.into(), digest: digest.finalize().into() }))
    }
}

/// The answers of the last minutes. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<Kept>>);

impl Answers {
    /// Does the work, unless it was done under this claim before: then the answer is the same.
    /// A work that failed was not done. Once begun it goes on even if the client hangs up.
    pub(crate) async fn once(
        &self,
        claim: Option<Claim>,
        work: impl Future<Output = Result<Value, Plain>> + Send + 'static,
    ) -> Result<Value, Plain> {
        let Some(claim) = claim else { return work.await };
        if let Some(answer) = self.lock().begin(&claim, clock::now_ms())? {
            return Ok(answer);
        }
        let open = Open { answers: self.clone(), claim: Some(claim) };
        let done = tokio::spawn(async move {
            let answer = work.await?;
            open.finish(&answer);
            Ok(answer)
        });
        done.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a publication stopped half-way");
            Err(Plain::new(StatusCode::INTERNAL_SERVER_ERROR, "The server failed: send it again"))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A work under way; whatever ends it frees its key.
struct Open {
    answers: Answers,
    claim: Option<Claim>,
}

impl Open {
    fn finish(mut self, answer: &Value) {
        if let Some(claim) = self.claim.take() {
            self.answers.lock().finish(claim, answer, clock::now_ms());
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.answers.lock().forget(&claim);
        }
    }
}

/// Answers by app and key, and in the order in which they end.
#[derive(Debug, Default)]
struct Kept {
    works: HashMap<(AppId, String), Work>,
    ends: VecDeque<(u64, (AppId, String))>,
    bytes: usize,
}

#[derive(Debug)]
struct Work {
    digest: [u8; 32],
    /// As JSON; nothing while it is under way.
    answer: Option<String>,
}

impl Kept {
    /// Notes that a work begins, or answers what was answered before.
    fn begin(&mut self, claim: &Claim, now_ms: u64) -> Result<Option<Value>, Plain> {
        self.expire(now_ms);
        let id = (claim.app.clone(), claim.key.clone());
        let Some(work) = self.works.get(&id) else {
            self.works.insert(id, Work { digest: claim.digest, answer: None });
            return Ok(None);
        };
        if work.digest != claim.digest {
            return Err(Plain::bad(
                "This Idempotency-Key was used for another request: use a new key for each",
            ));
        }
        let under_way = || {
            let message = "A request with this Idempotency-Key is under way: send it again later";
            Plain::new(StatusCode::CONFLICT, message)
        };
        let answer = work.answer.as_deref().ok_or_else(under_way)?;
        Ok(Some(serde_json::from_str(answer).unwrap_or_default()))
    }

    fn finish(&mut self, claim: Claim, answer: &Value, now_ms: u64) {
        let id = (claim.app, claim.key);
        let answer = answer.to_string();
        self.bytes += answer.len();
        self.works.insert(id.clone(), Work { digest: claim.digest, answer: Some(answer) });
        self.ends.push_back((now_ms.saturating_add(KEEP_MS), id));
        while self.ends.len() > ANSWERS || self.bytes > ANSWER_BYTES {
            self.drop_oldest();
        }
    }

    fn forget(&mut self, claim: &Claim) {
        self.works.remove(&(claim.app.clone(), claim.key.clone()));
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

#[cfg(test)]
mod tests;
