//! How often something may happen. Time is an argument, memory is bounded, counting is exact in a process and close between
//! several.
//!
//! The rule is the generic cell rate algorithm (ITU-T I.371), the token bucket in one number.
//! Times are milliseconds on any one clock.

mod crowd;
mod meter;
mod meters;
mod rate;
mod share;
mod shares;

pub use meter::{Meter, Verdict};
pub use meters::Meters;
pub use rate::{Bucket, Rate};
pub use share::{Count, Heard, Share, Step, Told};
pub use shares::Shares;
