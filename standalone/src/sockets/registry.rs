//! All open connections by their ids: the service's way out on one machine.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use channels::{Hook, Job, Publish};
use notifying::Hooks;
use protocol::{AppId, ConnectionId, Fault, Frame};
use service::{Delivery, Outbox};
use tokio::sync::{mpsc, watch};

use super::transport::Transport;
use super::wire::Encoded;
use crate::jobs::Timer;

/// How many receivers are served before others get their turn on this thread.
/// At about 6 µs a write that is less than a millisecond.
const BATCH: usize = 128;

/// The open connections.
#[derive(Clone)]
pub(crate) struct Sockets {
    map: Arc<RwLock<HashMap<ConnectionId, Transport>>>,
    count: watch::Sender<usize>,
    hooks: Hooks,
    timer: Timer,
    /// The app whose events are handed on elsewhere, and where they wait for that.
    handed_on: Option<(AppId, mpsc::Sender<relay::Event>)>,
}

impl Sockets {
    pub(crate) fn new(hooks: Hooks, timer: Timer) -> Self {
        let (map, count) = (Arc::default(), watch::Sender::new(0));
        Self { map, count, hooks, timer, handed_on: None }
    }

    /// Hands the events of an app on elsewhere, too.
    pub(crate) fn handing_on(self, app: AppId, events: mpsc::Sender<relay::Event>) -> Self {
        Self { handed_on: Some((app, events)), ..self }
    }

    pub(super) fn insert(&self, transport: Transport) {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        map.insert(transport.id().clone(), transport);
        self.count.send_replace(map.len());
    }

    pub(super) fn remove(&self, id: &ConnectionId) {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        map.remove(id);
        self.count.send_replace(map.len());
    }

    /// Closes every connection of a server that goes away.
    pub(crate) fn close_all(&self, code: u16, reason: &str) {
        let all: Vec<_> = self.read().values().cloned().collect();
        for transport in all {
            transport.go_away(code, reason);
        }
    }

    /// The connections that are open.
    pub(crate) fn ids(&self) -> Vec<ConnectionId> {
        self.read().keys().cloned().collect()
    }

    /// Until no connection is open.
    pub(crate) async fn all_closed(&self) {
        // The sender lives as long as `self`.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn get(&self, id: &ConnectionId) -> Option<Transport> {
        self.read().get(id).cloned()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<ConnectionId, Transport>> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks a batch up under one short lock, then writes without it.
    fn post(
        &self,
        to: &[ConnectionId],
        except: Option<&ConnectionId>,
        frame: &Encoded<'_>,
    ) -> Vec<ConnectionId> {
        let found: Vec<Option<Transport>> = {
            let map = self.read();
            to.iter().map(|id| map.get(id).cloned()).collect()
        };
        let mut gone = Vec::new();
        for (id, transport) in to.iter().zip(found) {
            if except == Some(id) {
                continue;
            }
            if transport.is_none_or(|it| it.post(frame) == Delivery::Gone) {
                gone.push(id.clone());
            }
        }
        gone
    }
}

impl Outbox for Sockets {
    async fn send(&self, to: &ConnectionId, frame: &Frame) -> Delivery {
        match self.get(to) {
            Some(transport) => transport.post(&Encoded::new(frame)),
            None => Delivery::Gone,
        }
    }

    async fn broadcast(
        &self,
        to: &[ConnectionId],
        except: Option<&ConnectionId>,
        frame: &Frame,
    ) -> Vec<ConnectionId> {
        let encoded = Encoded::new(frame);
        let mut gone = Vec::new();
        for (index, batch) in to.chunks(BATCH).enumerate() {
            if index > 0 {
                tokio::task::yield_now().await;
            }
            gone.extend(self.post(batch, except, &encoded));
        }
        gone
    }

    async fn close(&self, to: &ConnectionId, fault: &Fault) {
        if let Some(transport) = self.get(to) {
            transport.refuse(fault);
        }
    }

    async fn hook(&self, app: &AppId, hook: Hook) {
        self.hooks.accept(app, hook);
    }

    async fn later(&self, after: Duration, job: Job) {
        self.timer.set(after, job);
    }

    async fn hand_on(&self, app: &AppId, publish: &Publish) {
        let mine = self.handed_on.as_ref().filter(|(it, _)| it == app);
        if let Some((_, events)) = mine
            && events.try_send(publish.into()).is_err()
        {
            tracing::error!(
                event = publish.event.as_str(),
                "an event was not handed on: too many wait"
            );
        }
    }
}
