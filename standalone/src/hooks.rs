//! Webhooks on one machine: set up, looked after every second, and drained at the end.

use std::sync::Arc;
use std::time::Duration;

use data::Data;
use notifying::{Bus, Hooks, Notifier};
use outbound::{Addresses, Http, HttpError, Settings};
use registry::Registry;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::ticker::now;

/// How often.
const PERIOD: Duration = Duration::from_secs(1);
/// Ticks that may run at once: one that waits for a slow receiver must not hold up the others.
const AT_ONCE: usize = 16;
/// How long deliveries under way may take once the server stops. The rest is sent after the next start.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a receiver may take, to the last byte of its answer (the advice to those who send webhooks: 5 to 10 s).
const TIMEOUT: Duration = Duration::from_secs(10);

/// The data directory belongs to one process: opening it locks it.
const ALONE: bool = true;

/// Where events arrive, and who sends them. The writer runs from here on.
pub(crate) fn start(
    data: &Data,
    registry: &Registry,
    addresses: Addresses,
    bus: Option<Bus>,
) -> Result<(Hooks, Arc<Notifier>), HttpError> {
    let http = Http::new(Settings { timeout: TIMEOUT, ..Settings::new(addresses) })?;
    let (apps, endpoints) = (registry.apps(), registry.endpoints());
    let (hooks, notifier, writer) = Notifier::new(data.clone(), http, bus, apps, endpoints, ALONE);
    tokio::spawn(writer.run());
    Ok((hooks, notifier))
}

/// Ticks until told to stop. What is under way then is sent again after the next start, under the same name.
pub(crate) async fn run(notifier: Arc<Notifier>, mut stop: watch::Receiver<bool>) {
    let mut ticks = JoinSet::new();
    let first = Arc::clone(&notifier);
    ticks.spawn(async move { first.resume(now()).await });
    // The first run also looks at what is due; it has a head start.
    let mut clock = interval_at(Instant::now() + PERIOD, PERIOD);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !*stop.borrow() {
        tokio::select! {
            _ = clock.tick() => {
                if ticks.len() < AT_ONCE {
                    let notifier = Arc::clone(&notifier);
                    ticks.spawn(async move { notifier.tick(now()).await });
                }
            }
            Some(ended) = ticks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a tick of the webhooks broke off");
                }
            }
            _ = stop.changed() => {}
        }
    }
}

/// Stores what was accepted, and lets what is under way finish if it is quick.
pub(crate) async fn drain(notifier: &Notifier) {
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, notifier.drain()).await;
}
