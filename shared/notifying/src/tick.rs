//! One run of the ticker: what is due again.

use std::collections::BTreeMap;

use data::DueHook;
use futures::{StreamExt, stream};
use posts::Timestamp;
use webhooks::{DeliveryId, LEASE};

use crate::Notifier;
use crate::clock::Clock;
use crate::room::{PER_ENDPOINT, Place};

/// Most entries that one look takes from a shard, oldest first. The rest is there at the next look.
const PER_SHARD: i32 = 200;
/// Most endpoints that are tried at once. Ours.
const AT_ONCE: usize = 64;

/// One run: its time, and what it may claim.
struct Run {
    clock: Clock,
    horizon: Timestamp,
}

impl Notifier {
    /// Tries what is due at `now` again, and returns when all attempts are done. Runs may overlap: every claim is one
    /// conditional write, and each endpoint is worked through by one run at a time.
    pub async fn tick(&self, now: Timestamp) {
        self.run(now, now).await;
    }

    /// The first run after a start. A process that is alone takes up at once what an earlier one left half done; one that
    /// shares its store waits until a lease ends, because its holder may be alive.
    pub async fn resume(&self, now: Timestamp) {
        self.run(now, if self.me.alone { now.plus(LEASE) } else { now }).await;
    }

    async fn run(&self, now: Timestamp, horizon: Timestamp) {
        let run = Run { clock: Clock::starting(now), horizon };
        let due = match self.data.due_hooks(horizon, PER_SHARD).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(cause = ?error, "the due webhooks cannot be read; the next run tries again");
                return;
            }
        };
        let places = by_place(due).into_iter().map(|(place, ids)| self.work(place, ids, &run));
        stream::iter(places).buffer_unordered(AT_ONCE).for_each(async |()| ()).await;
    }

    async fn work(&self, place: Place, ids: Vec<DeliveryId>, run: &Run) {
        let Some(_turn) = self.rooms.take_turn(&place) else { return };
        let attempts = ids.into_iter().map(|id| self.again(id, run));
        stream::iter(attempts).buffer_unordered(PER_ENDPOINT).for_each(async |()| ()).await;
    }

    async fn again(&self, id: DeliveryId, run: &Run) {
        let now = run.clock.now();
        let claimed = match self.data.get_hook(&id).await {
            Ok(found) => found.claim(&self.me, now, run.horizon).map(|claimed| (found, claimed)),
            Err(data::Error::NotFound) => None,
            Err(error) => {
                tracing::error!(delivery = %id, cause = ?error, "a webhook cannot be read");
                None
            }
        };
        let Some((found, claimed)) = claimed else { return };
        match self.data.replace_hook(&found, &claimed).await {
            Ok(()) => self.attempt(&claimed, now).await,
            Err(data::Error::Conflict) => {}
            Err(error) => {
                tracing::error!(delivery = %id, cause = ?error, "a webhook cannot be claimed");
            }
        }
    }
}

fn by_place(due: Vec<DueHook>) -> BTreeMap<Place, Vec<DeliveryId>> {
    let mut places = BTreeMap::<_, Vec<_>>::new();
    for DueHook { id, app_id, endpoint_id } in due {
        places.entry((app_id, endpoint_id)).or_default().push(id);
    }
    places
}
