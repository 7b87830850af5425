//! The port to rates that several processes keep together. One verb, atomic.

use std::future::Future;

use throttle::{Heard, Told};

use crate::Error;

/// Rates that several processes keep together.
pub trait SharedRates: Send + Sync + 'static {
    /// Whether other processes may use the same store. If not there is nobody to tell.
    const SHARED: bool;

    /// Adds acts to the number of a rate, as [`Told::count`] says, and answers it. `name` is any text that is the same for the
    /// same rate; `None`: there is nobody else. `now_ms`: milliseconds since the Unix epoch.
    fn tell(
        &self,
        name: &str,
        told: &Told,
        now_ms: u64,
    ) -> impl Future<Output = Result<Option<Heard>, Error>> + Send;
}
