//! Platforms to publish to, on loopback, for tests.
//!
//! Each fake answers as its platform does, plays every fault on demand, and keeps a ledger of what was committed. The
//! ledger is the oracle of tests: one row for each delivery, never two, whatever the publisher believes.

mod bluesky;
mod discord;
mod facebook;
mod fault;
mod instagram;
mod linkedin;
mod mastodon;
mod meta;
mod oauth;
mod server;
mod slack;
mod telegram;
mod threads;
mod webhook;
mod wire;
mod world;
mod x;

pub use fault::Fault;
pub use mastodon::Instance;
pub use server::{Fake, Kind};
pub use world::Row;

/// The token that every fake accepts at first. Refreshing gives another.
pub const TOKEN: &str = "1234:good-token";
/// The refresh token that works once.
pub const REFRESH: &str = "refresh-1";
