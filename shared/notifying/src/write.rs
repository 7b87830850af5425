//! The writer: what came in within a moment is stored in one commit, and sent after it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use channels::Hook;
use data::{HOOK_WRITE_BYTES, HOOK_WRITES, HookWrite};
use posts::Timestamp;
use protocol::AppId;
use tokio::sync::{mpsc, oneshot};
use webhooks::{Delivery, DeliveryId, batches, event};

use crate::Notifier;
use crate::clock::{now, unique};
use crate::room::{Place, Seat};

/// Most events that wait to be stored. Ours: some seconds of a busy server.
pub(crate) const QUEUE: usize = 65_536;
/// How long events gather before they are stored: what a crash loses at worst, and the pace of batches. Ours.
const MOMENT: Duration = Duration::from_millis(25);
/// Most entries of one moment, so that a flood is stored in steps.
const MOMENT_ENTRIES: usize = 4_096;
/// How often a group is offered to a store that fails, and the pause between.
const OFFERS: usize = 5;
const OFFER_PAUSE: Duration = Duration::from_millis(500);

/// What the writer is told.
pub(crate) enum Entry {
    /// Something happened in an app, and somebody wants to hear of it.
    Heard(AppId, Hook),
    /// A delivery was taken.
    Taken(DeliveryId),
    /// Somebody waits until all before this is stored.
    Flush(oneshot::Sender<()>),
}

/// Stores and sends what was accepted.
pub struct Writer {
    notifier: Arc<Notifier>,
    entries: mpsc::Receiver<Entry>,
    lost: Arc<AtomicU64>,
}

/// One moment, sorted.
#[derive(Default)]
struct Moment {
    events: BTreeMap<Place, Vec<String>>,
    taken: Vec<DeliveryId>,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Writer {
    pub(crate) fn new(
        notifier: Arc<Notifier>,
        entries: mpsc::Receiver<Entry>,
        lost: Arc<AtomicU64>,
    ) -> Self {
        Self { notifier, entries, lost }
    }

    /// Works until the process ends or this future is dropped.
    pub async fn run(mut self) {
        while let Some(first) = self.entries.recv().await {
            if !matches!(first, Entry::Flush(_)) {
                tokio::time::sleep(MOMENT).await;
            }
            let mut moment = Moment::default();
            self.sort(first, &mut moment);
            for _ in 1..MOMENT_ENTRIES {
                let Ok(entry) = self.entries.try_recv() else { break };
                self.sort(entry, &mut moment);
            }
            self.keep(moment).await;
        }
    }

    fn sort(&self, entry: Entry, moment: &mut Moment) {
        match entry {
            Entry::Heard(app, hook) => {
                let endpoints = self.notifier.endpoints.load();
                for endpoint in endpoints.wanting(&app, &hook) {
                    let place = (app.clone(), endpoint.id.clone());
                    moment.events.entry(place).or_default().push(event(&hook));
                }
            }
            Entry::Taken(id) => moment.taken.push(id),
            Entry::Flush(done) => moment.waiting.push(done),
        }
    }

    /// Stores a moment, then begins to send.
    async fn keep(&self, moment: Moment) {
        let fresh = self.notifier.deliveries(moment.events, now());
        let added = fresh.iter().map(|(delivery, _)| HookWrite::Add(delivery.clone()));
        let writes = added.chain(moment.taken.into_iter().map(HookWrite::Drop)).collect();
        for group in groups(writes) {
            self.offer(&group).await;
        }
        for (delivery, seat) in fresh {
            let Some(seat) = seat else { continue };
            let notifier = Arc::clone(&self.notifier);
            tokio::spawn(async move {
                notifier.attempt(&delivery, now()).await;
                drop(seat);
            });
        }
        for done in moment.waiting {
            // Whoever waited may have gone away.
            let _ = done.send(());
        }
        match self.lost.swap(0, Ordering::Relaxed) {
            0 => {}
            lost => {
                tracing::error!(lost, "webhook events were dropped: the store does not keep up")
            }
        }
    }

    async fn offer(&self, group: &[HookWrite]) {
        for offer in 1..=OFFERS {
            match self.notifier.data.write_hooks(group).await {
                Ok(()) => return,
                Err(error) if offer == OFFERS => {
                    tracing::error!(cause = ?error, writes = group.len(), "webhook deliveries could not be stored");
                }
                Err(_) => tokio::time::sleep(OFFER_PAUSE).await,
            }
        }
    }
}

impl Notifier {
    /// Makes deliveries. Those that find no seat are left to the next tick.
    pub(crate) fn deliveries(
        &self,
        events: BTreeMap<Place, Vec<String>>,
        now: Timestamp,
    ) -> Vec<(Delivery, Option<Seat>)> {
        let endpoints = self.endpoints.load();
        let mut fresh = Vec::new();
        for (place, events) in events {
            let Some(endpoint) = endpoints.get(&place.0, &place.1) else { continue };
            for batch in batches(endpoint, &events) {
                let id = DeliveryId::from_number(unique(now));
                let by = &self.me.process;
                let made = Delivery::new(id, place.0.clone(), place.1.clone(), batch, by, now);
                fresh.push(match self.rooms.seat(&place) {
                    Some(seat) => (made, Some(seat)),
                    None => (made.unclaimed(now), None),
                });
            }
        }
        fresh
    }
}

/// Cuts writes into groups that one transaction takes.
pub(crate) fn groups(writes: Vec<HookWrite>) -> Vec<Vec<HookWrite>> {
    let (mut groups, mut bytes) = (Vec::<Vec<HookWrite>>::new(), 0);
    for write in writes {
        let size = match &write {
            HookWrite::Add(delivery) => delivery.events.len(),
            HookWrite::Drop(_) => 0,
        };
        match groups.last_mut() {
            Some(group) if group.len() < HOOK_WRITES && bytes + size <= HOOK_WRITE_BYTES => {
                bytes += size;
                group.push(write);
            }
            _ => {
                bytes = size;
                groups.push(vec![write]);
            }
        }
    }
    groups
}
