//! What a fake can be told to do wrong with its next publishing calls.

use serde::{Deserialize, Serialize};

use crate::wire::Reply;
use crate::world::World;

/// One fault; each is played by one publishing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// None: the call works.
    Nothing,
    /// The token is not accepted.
    Unauthorized,
    /// The content is not accepted.
    Invalid,
    /// The same content is there already, says the platform.
    Duplicate,
    /// Too many requests.
    RateLimited,
    /// An error before anything is committed.
    ErrorBefore,
    /// An error although the post is committed.
    ErrorAfter,
    /// The post is committed, and the connection closed without an answer.
    CloseAfter,
    /// The post is committed, and no answer ever comes.
    SilentAfter,
    /// The post is committed, and the answer's body breaks off.
    Truncated,
    /// The post is committed, and the answer's head never ends.
    Trickle,
    /// A redirect of this status; nothing is committed.
    Redirect(u16),
}

/// A platform's own words for what goes wrong.
pub(crate) struct Errors {
    pub(crate) unauthorized: Reply,
    pub(crate) invalid: Reply,
    pub(crate) duplicate: Reply,
    pub(crate) limited: Reply,
    pub(crate) broken: Reply,
}

/// Answers a publishing call with the next fault. `commit` writes the ledger and makes the answer of success.
pub(crate) fn publishing(
    world: &mut World,
    errors: Errors,
    commit: impl FnOnce(&mut World) -> Reply,
) -> Reply {
    match world.faults.pop_front().unwrap_or(Fault::Nothing) {
        Fault::Nothing => commit(world),
        Fault::Unauthorized => errors.unauthorized,
        Fault::Invalid => errors.invalid,
        Fault::Duplicate => errors.duplicate,
        Fault::RateLimited => errors.limited,
        Fault::ErrorBefore => errors.broken,
        Fault::ErrorAfter => {
            commit(world);
            errors.broken
        }
        Fault::CloseAfter => commit(world).closed(),
        Fault::SilentAfter => commit(world).held(),
        Fault::Truncated => commit(world).cut(),
        Fault::Trickle => commit(world).trickling(),
        Fault::Redirect(status) => Reply::empty(status).header("location", "/elsewhere"),
    }
}
