//! All open sockets by connection id: the service's way out on one machine.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use channels::{Hook, Job};
use notifying::Hooks;
use protocol::{AppId, Code, ConnectionId, Fault, Frame, ServerFrame};
use service::{Delivery, Outbox};
use tokio::sync::watch;

use super::socket::Socket;
use super::wire;
use crate::jobs::Timer;

/// How many receivers are served before others get their turn on this thread.
/// At about 6 µs a write that is less than a millisecond.
const BATCH: usize = 128;

/// The open sockets.
#[derive(Clone)]
pub(crate) struct Sockets {
    map: Arc<RwLock<HashMap<ConnectionId, Arc<Socket>>>>,
    count: watch::Sender<usize>,
    hooks: Hooks,
    timer: Timer,
}

impl Sockets {
    pub(crate) fn new(hooks: Hooks, timer: Timer) -> Self {
        Self { map: Arc::default(), count: watch::Sender::new(0), hooks, timer }
    }

    pub(super) fn insert(&self, socket: &Arc<Socket>) {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        map.insert(socket.id.clone(), Arc::clone(socket));
        self.count.send_replace(map.len());
    }

    pub(super) fn remove(&self, id: &ConnectionId) {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        map.remove(id);
        self.count.send_replace(map.len());
    }

    /// Sends every socket a close frame.
    pub(crate) fn close_all(&self, code: u16, reason: &str) {
        let frame = wire::close(code, reason);
        let sockets: Vec<_> = self.read().values().cloned().collect();
        for socket in sockets {
            socket.close(frame.clone());
        }
    }

    /// The connections that are open.
    pub(crate) fn ids(&self) -> Vec<ConnectionId> {
        self.read().keys().cloned().collect()
    }

    /// Until no socket is open.
    pub(crate) async fn all_closed(&self) {
        // The sender lives as long as `self`.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn get(&self, id: &ConnectionId) -> Option<Arc<Socket>> {
        self.read().get(id).cloned()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<ConnectionId, Arc<Socket>>> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks a batch up under one short lock, then writes without it.
    fn post(
        &self,
        to: &[ConnectionId],
        except: Option<&ConnectionId>,
        bytes: &bytes::Bytes,
    ) -> Vec<ConnectionId> {
        let found: Vec<Option<Arc<Socket>>> = {
            let map = self.read();
            to.iter().map(|id| map.get(id).cloned()).collect()
        };
        let mut gone = Vec::new();
        for (id, socket) in to.iter().zip(found) {
            if except == Some(id) {
                continue;
            }
            if socket.is_none_or(|socket| socket.post(bytes) == Delivery::Gone) {
                gone.push(id.clone());
            }
        }
        gone
    }
}

impl Outbox for Sockets {
    async fn send(&self, to: &ConnectionId, frame: &Frame) -> Delivery {
        match self.get(to) {
            Some(socket) => socket.post(&wire::text(frame)),
            None => Delivery::Gone,
        }
    }

    async fn broadcast(
        &self,
        to: &[ConnectionId],
        except: Option<&ConnectionId>,
        frame: &Frame,
    ) -> Vec<ConnectionId> {
        let bytes = wire::text(frame);
        let mut gone = Vec::new();
        for (index, batch) in to.chunks(BATCH).enumerate() {
            if index > 0 {
                tokio::task::yield_now().await;
            }
            gone.extend(self.post(batch, except, &bytes));
        }
        gone
    }

    async fn close(&self, to: &ConnectionId, fault: &Fault) {
        if let Some(socket) = self.get(to) {
            refuse(&socket, fault);
        }
    }

    async fn hook(&self, app: &AppId, hook: Hook) {
        self.hooks.accept(app, hook);
    }

    async fn later(&self, after: Duration, job: Job) {
        self.timer.set(after, job);
    }
}

/// The error as a frame, then a close with the same code.
pub(super) fn refuse(socket: &Socket, fault: &Fault) {
    socket.post(&wire::text(&ServerFrame::Error(fault).encode()));
    let code = fault.code.unwrap_or(Code::OverCapacity).number();
    socket.close(wire::close(code, &fault.message));
}
