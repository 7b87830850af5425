//! The verbs of webhooks: accept, store in groups, send, try again, replay.
//!
//! An event is accepted without waiting. Every 25 ms what came in is cut into deliveries and stored in one commit; only
//! then is it sent. So a busy server pays for few commits, and a crash loses the events of the last moment at most.
//! What was not taken stays in the table, where [`Notifier::tick`] finds it when it is due.

mod accept;
mod attempt;
mod bus;
mod clock;
mod replay;
mod room;
mod take;
mod tick;
mod write;

use channels::SharedApps;
use data::Data;
use outbound::Http;
use tokio::sync::mpsc;
use webhooks::{Claimant, Process, SharedEndpoints};

use crate::room::Rooms;

pub use accept::Hooks;
pub use bus::Bus;
pub use replay::Refusal;
pub use write::Writer;

/// Everything that sending takes.
pub struct Notifier {
    data: Data,
    http: Http,
    bus: Option<Bus>,
    apps: SharedApps,
    endpoints: SharedEndpoints,
    queue: mpsc::Sender<write::Entry>,
    rooms: Rooms,
    me: Claimant,
}

impl Notifier {
    /// Puts the parts together: where events arrive, who sends them, and who writes them down. The writer works only
    /// while [`Writer::run`] runs. `http` decides which addresses are open and how long a call may take; without a `bus`, what is
    /// for one becomes a dead letter. `alone`: whether no other process has this store.
    pub fn new(
        data: Data,
        http: Http,
        bus: Option<Bus>,
        apps: SharedApps,
        endpoints: SharedEndpoints,
        alone: bool,
    ) -> (Hooks, std::sync::Arc<Self>, Writer) {
        let (queue, entries) = mpsc::channel(write::QUEUE);
        let hooks = Hooks::new(endpoints.clone(), queue.clone());
        let lost = hooks.lost();
        let rooms = Rooms::default();
        let me = Claimant { process: Process::from_number(rand::random()), alone };
        let parts = Self { data, http, bus, apps, endpoints, queue, rooms, me };
        let notifier = std::sync::Arc::new(parts);
        let writer = Writer::new(std::sync::Arc::clone(&notifier), entries, lost);
        (hooks, notifier, writer)
    }

    /// Waits until all that was accepted so far is stored and was tried once.
    pub async fn drain(&self) {
        self.flush().await;
        self.rooms.empty().await;
        self.flush().await;
    }

    /// Waits until all that was accepted so far is stored.
    async fn flush(&self) {
        let (done, stored) = tokio::sync::oneshot::channel();
        // Without a writer nothing is left to be stored.
        if self.queue.send(write::Entry::Flush(done)).await.is_ok() {
            let _ = stored.await;
        }
    }
}
