//! The verbs and the ticker on the embedded engine, with a platform that keeps a ledger.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod accounts;
mod backlog;
mod crash;
mod decide;
mod ending;
mod gates;
mod hand_over;
mod heard;
mod in_flight;
mod kill;
mod late;
mod media;
mod overlap;
mod race;
mod reseal;
mod series;
mod tick;
mod unknown;
mod verbs;
mod world;
