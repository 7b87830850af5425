//! The sweep: every minute some clients are looked for. A `$disconnect` may get lost, and on a channel where nobody publishes
//! nobody else would find out that a client is gone; nor would anybody of one that is on no channel and holds a place in its
//! app's quota, or lets its user seem to be there.

use std::time::Duration;

use dynamo::Error;
use futures::StreamExt;
use futures::stream::iter;
use protocol::ConnectionId;

use crate::host::Host;

/// Most subscriptions and connections that one run looks at. Ours: a tenth of what an account may ask of API Gateway in a second.
const MOST: usize = 1_000;
/// How many that are gone are closed at once.
const AT_ONCE: usize = 16;
/// The longest that a run takes.
const LONGEST: Duration = Duration::from_secs(20);

/// Finds out who is gone of those whose turn it is, within a time.
pub async fn sweep(host: &Host, minute: u64, time: Duration) {
    match tokio::time::timeout(time.min(LONGEST), run(host, minute)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "who is gone is not known before the next turn"),
        Err(_) => tracing::warn!("a sweep took too long and was given up"),
    }
    if let Err(error) = host.finish().await {
        tracing::error!(%error, "what follows leaves is lost");
    }
}

async fn run(host: &Host, minute: u64) -> Result<(), Error> {
    let sweep = host.store.sweep(minute, MOST).await?;
    let gone = host.gate.gone(&sweep.connections).await;
    iter(&gone).for_each_concurrent(AT_ONCE, |id| close(host, id)).await;
    if !gone.is_empty() {
        tracing::info!(gone = gone.len(), "clients were gone without a word");
    }
    host.store.swept(&sweep).await
}

/// As `$disconnect` does it, unless the client is still to come: it has another turn.
async fn close(host: &Host, id: &ConnectionId) {
    match host.store.may_be_opening(id).await {
        Ok(false) => host.core.close(id).await,
        Ok(true) => {}
        Err(error) => {
            tracing::warn!(%error, connection = %id, "whether a client is gone is not known")
        }
    }
}
