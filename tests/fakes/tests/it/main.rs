//! The platforms' adapters against the fakes: the ledger decides.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod contents;
mod faults;
mod secrets;
mod setting;
mod tokens;
