//! The port to publications that may be sent again. Each method is one verb and atomic.

use std::future::Future;

use protocol::AppId;

use crate::Error;

/// How long an answer is kept, milliseconds: five minutes, longer than any client waits.
pub const ANSWER_KEPT_MS: u64 = 5 * 60 * 1_000;
/// How long whoever works on a publication has for it, milliseconds: longer than the function of the HTTP API may run (29 s,
/// `infra/template.yaml`), so that two never work on one.
pub const WORK_MS: u64 = 30_000;

/// A publication that may be sent again: under which key, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The app that publishes.
    pub app: AppId,
    /// The key that its server chose.
    pub key: String,
    /// A hash of all that the request says.
    pub digest: [u8; 32],
    /// A number that no other attempt has.
    pub attempt: u64,
}

/// Whether a publication is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Yes: it is new, or whoever had it before gave it up or was not heard of for [`WORK_MS`].
    Now,
    /// It was done; this was the answer.
    Answered(String),
    /// Another attempt works on it.
    UnderWay,
    /// The key was used for a request that says something else.
    OtherRequest,
}

/// Publications under keys. `now_ms`: milliseconds since the Unix epoch.
pub trait Idempotency: Send + Sync + 'static {
    /// Notes that work on a publication begins, if it is to be done.
    fn begin(
        &self,
        claim: &Claim,
        now_ms: u64,
    ) -> impl Future<Output = Result<Begun, Error>> + Send;

    /// Notes what was answered, for [`ANSWER_KEPT_MS`]; nothing if another attempt has the work by now.
    fn finish(
        &self,
        claim: &Claim,
        answer: &str,
        now_ms: u64,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Notes that the work was not done: the next attempt may begin at once.
    fn give_up(&self, claim: &Claim) -> impl Future<Output = Result<(), Error>> + Send;
}
