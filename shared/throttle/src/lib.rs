//! How often something may happen. Time is an argument, memory is bounded, counting is exact.
//!
//! The rule is the generic cell rate algorithm (ITU-T I.371), the token bucket in one number.
//! Times are milliseconds on any one clock.

mod meter;
mod meters;
mod rate;

pub use meter::{Meter, Verdict};
pub use meters::Meters;
pub use rate::{Bucket, Rate};
