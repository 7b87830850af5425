//! What stands around the handlers of WebSocket routes: whatever happens in them, the function answers, and in time. What API
//! Gateway tells a client of a function that failed is no frame of the protocol, and stops pusher-js with an error.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use lambda_runtime::Context;
use protocol::ConnectionId;

use crate::host::now_ms;

/// How long before the function's deadline it answers, whatever is still under way.
const MARGIN: Duration = Duration::from_millis(500);
/// The longest that it works on an event: API Gateway waits 29 s.
const LONGEST: Duration = Duration::from_secs(25);

/// How long an event of a WebSocket route may take.
pub(crate) fn time(context: &Context) -> Duration {
    left(context).saturating_sub(MARGIN).min(LONGEST)
}

/// How long until Lambda ends the invocation.
pub(crate) fn left(context: &Context) -> Duration {
    until(context.deadline, now_ms())
}

/// A deadline that is over is none: Lambda runs nothing beyond it, and `cargo lambda watch` gives a time of 1970.
fn until(deadline_ms: u64, now_ms: u64) -> Duration {
    match deadline_ms.checked_sub(now_ms) {
        None | Some(0) => LONGEST + MARGIN,
        Some(left) => Duration::from_millis(left),
    }
}

/// Does the work for at most so long. Nothing if it panicked or took too long: the log says so.
pub(crate) async fn guarded<T>(
    connection: &ConnectionId,
    time: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    match tokio::time::timeout(time, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(_)) => {
            tracing::error!(%connection, "an event made its handler panic");
            None
        }
        Err(_) => {
            tracing::error!(%connection, "an event took too long and was given up");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_that_is_over_is_none() {
        assert_eq!(until(1_003_000, 1_000_000), Duration::from_secs(3));
        assert_eq!(until(600_000, 1_795_884_440_318), LONGEST + MARGIN);
    }

    #[tokio::test]
    async fn neither_a_panic_nor_what_never_ends_goes_further() {
        let (id, soon) = (ConnectionId::new("c="), Duration::from_millis(50));
        assert_eq!(guarded(&id, soon, async { 1 }).await, Some(1));
        assert_eq!(guarded(&id, soon, async { panic!("on purpose") }).await, None::<u8>);
        assert_eq!(guarded(&id, soon, std::future::pending::<u8>()).await, None);
    }
}
