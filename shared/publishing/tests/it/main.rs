//! The verbs and the ticker on the embedded engine, with a platform that keeps a ledger.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod crash;
mod kill;
mod race;
mod tick;
mod verbs;
mod world;
