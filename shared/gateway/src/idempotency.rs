//! `Idempotency-Key`: a publisher that had no answer may send the same again, and it is delivered once.
//!
//! Ours, not Pusher's; the header is the one of the IETF draft "The Idempotency-Key HTTP Header Field".
//! Keys and answers are in the store, so they hold for all processes on it. A work that fails, or whose process ends half-way, may
//! be done again: better an event twice than one that nobody gets although its publisher tries again.

use std::collections::BTreeMap;
use std::future::Future;

use axum::http::{HeaderMap, StatusCode};
use identity::Facts;
use protocol::AppId;
use serde_json::Value;
use service::Outbox;
use sha2::{Digest, Sha256};
use store::{Begun, Claim, Store};
use utoipa::IntoParams;

use crate::clock;
use crate::plain::Plain;
use crate::push::Push;

/// Longest key in characters. Ours: twice as long as any kind of UUID or hash.
const KEY_CHARS: usize = 128;

/// The header, for the description of routes that honour it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is only described; `claim` reads it")]
pub(crate) struct IdempotencyKey {
    /// The same key and request within five minutes: the same answer, delivered once
    #[param(rename = "idempotency-key")]
    idempotency_key: Option<String>,
}

/// Reads the header, if there is one, of a request with this path, query and body. `attempt`: a number that no other has.
pub(crate) fn claim(
    headers: &HeaderMap,
    app: &AppId,
    path: &str,
    query: &BTreeMap<String, String>,
    body: &[u8],
    attempt: u64,
) -> Result<Option<Claim>, Plain> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > KEY_CHARS {
        let message = format!("Idempotency-Key: expected 1 to {KEY_CHARS} ASCII characters");
        return Err(Plain::bad(message));
    }
    let mut digest = Sha256::new().chain_update(path).chain_update([0]);
    // When it was signed does not matter: a repetition is signed anew.
    for (name, value) in query.iter().filter(|(name, _)| !name.starts_with("auth_")) {
        digest = digest.chain_update(name).chain_update([0]).chain_update(value).chain_update([0]);
    }
    let digest = digest.chain_update([0]).chain_update(body).finalize().into();
    Ok(Some(Claim { app: app.clone(), key: key.into(), digest, attempt }))
}

impl<S: Store, O: Outbox, F: Facts + 'static> Push<S, O, F> {
    /// Does the work, unless it was done under this claim before: then the answer is the same.
    /// Once begun it goes on even if the client hangs up.
    pub(crate) async fn under(
        self,
        claim: Claim,
        work: impl Future<Output = Result<Value, Plain>> + Send + 'static,
    ) -> Result<Value, Plain> {
        let done = tokio::spawn(async move {
            match self.service.begin(&claim, clock::now_ms()).await {
                Ok(Begun::Now) => self.work(&claim, work).await,
                Ok(Begun::Answered(answer)) => {
                    Ok(serde_json::from_str(&answer).unwrap_or_default())
                }
                Ok(Begun::UnderWay) => Err(under_way()),
                Ok(Begun::OtherRequest) => Err(other_request()),
                Err(error) => {
                    // It may have been noted all the same.
                    self.service.give_up(&claim).await;
                    Err(error.into())
                }
            }
        });
        done.await.unwrap_or_else(|error| Err(half_way(&error)))
    }

    /// Does it and notes how it ended, whatever happens.
    async fn work(
        &self,
        claim: &Claim,
        work: impl Future<Output = Result<Value, Plain>> + Send + 'static,
    ) -> Result<Value, Plain> {
        let done = tokio::spawn(work).await.unwrap_or_else(|error| Err(half_way(&error)));
        match &done {
            Ok(answer) => {
                self.service.finish(claim, &answer.to_string(), clock::now_ms()).await;
            }
            Err(_) => self.service.give_up(claim).await,
        }
        done
    }
}

fn under_way() -> Plain {
    let message = "A request with this Idempotency-Key is under way: send it again later";
    Plain::new(StatusCode::CONFLICT, message)
}

fn other_request() -> Plain {
    Plain::bad("This Idempotency-Key was used for another request: use a new key for each")
}

fn half_way(error: &tokio::task::JoinError) -> Plain {
    tracing::error!(%error, "a publication stopped half-way");
    Plain::new(StatusCode::INTERNAL_SERVER_ERROR, "The server failed: send it again")
}
