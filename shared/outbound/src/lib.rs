//! HTTP calls to addresses that users gave: guarded, pinned, never repeated.
//!
//! Posts to platforms and webhooks of apps go out through the same client, so that one set of rules says which
//! addresses may be reached and what an answer, or none, means.

pub mod guard;
mod http;

pub use guard::{Addresses, Refusal};
pub use http::{Body, Call, Http, HttpError, Reply, Settings, install_crypto};
