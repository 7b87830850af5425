//! What a workload costs a month: Pushbridge on AWS, and what else could carry it.
//!
//! Dollars in us-east-1, without free tiers and taxes. The arithmetic is exact, the prices and times are named
//! constants with their sources, and a month has 30 days unless the workload says otherwise.

mod aws;
mod peers;
pub mod prices;
mod units;
mod workload;

pub use aws::{Bill, Pong, Standing, bill, standing};
pub use peers::{Peer, peers};
pub use units::{ALARM_METRICS, Units};
pub use workload::Workload;

#[cfg(test)]
mod tests;
