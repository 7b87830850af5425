//! Webhooks on the embedded engine, to receivers on loopback.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod send;
mod world;
