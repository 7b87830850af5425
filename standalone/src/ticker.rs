//! The ticker: looks every second for what is due.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use posts::Timestamp;
use publishing::{Announcer, PublishTo, Publishing};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How often.
const PERIOD: Duration = Duration::from_secs(1);
/// Ticks that may run at once: a slow platform must not delay the posts of others, and each tick that still runs has at
/// least one account in flight, of which there are as many.
const AT_ONCE: usize = 256;

/// Ticks until told to stop, then lets the ticks under way finish.
pub(crate) async fn run<P: PublishTo, A: Announcer>(
    publishing: Arc<Publishing<P, A>>,
    mut stop: watch::Receiver<bool>,
) {
    let mut ticks = JoinSet::new();
    let first = Arc::clone(&publishing);
    ticks.spawn(async move { first.resume(now()).await });
    // The first run also claims what is due; it has a head start.
    let mut clock = interval_at(Instant::now() + PERIOD, PERIOD);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !*stop.borrow() {
        tokio::select! {
            _ = clock.tick() => {
                if ticks.len() < AT_ONCE {
                    let publishing = Arc::clone(&publishing);
                    ticks.spawn(async move { publishing.tick(now()).await });
                }
            }
            Some(ended) = ticks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a tick broke off");
                }
            }
            _ = stop.changed() => {}
        }
    }
    while ticks.join_next().await.is_some() {}
}

/// The wall clock, in milliseconds.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
