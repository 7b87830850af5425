//! Connections: who is being opened, who is open, what is on its way to them.

mod session;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::events::Connection;
use crate::ids;

pub(crate) use session::run;

/// Messages on their way to one client at most. Ours: AWS tells no number for "the client's buffer is full".
const QUEUED: usize = 256;

/// What became of a message to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Posted {
    /// It is on its way.
    Done,
    /// The client does not read.
    Full,
    /// The connection is over, never was, or is not open yet.
    Gone,
}

/// What the session shall do.
#[derive(Debug)]
enum Order {
    /// Send this.
    Text(String),
}

/// One connection.
pub(crate) struct Socket {
    /// What events say of it.
    pub(crate) connection: Connection,
    orders: mpsc::Sender<Order>,
    deleted: watch::Sender<bool>,
    cut: watch::Sender<bool>,
    active_ms: AtomicU64,
}

/// A connection's side of the queue to it.
pub(crate) struct Orders(mpsc::Receiver<Order>);

/// All open connections. One that is being opened is not among them.
#[derive(Default)]
pub(crate) struct Sockets(Mutex<BTreeMap<String, Arc<Socket>>>);

impl Socket {
    /// A socket that nobody can post to yet.
    pub(crate) fn new(connection: Connection) -> (Arc<Self>, Orders) {
        let (orders, receiver) = mpsc::channel(QUEUED);
        let active_ms = AtomicU64::new(ids::now_ms());
        let (deleted, cut) = (watch::Sender::new(false), watch::Sender::new(false));
        (Arc::new(Self { connection, orders, deleted, cut, active_ms }), Orders(receiver))
    }

    /// Queues a message to the client.
    pub(crate) fn post(&self, text: String) -> Posted {
        match self.orders.try_send(Order::Text(text)) {
            Ok(()) => Posted::Done,
            Err(mpsc::error::TrySendError::Full(_)) => Posted::Full,
            Err(mpsc::error::TrySendError::Closed(_)) => Posted::Gone,
        }
    }

    /// Ends when the connection is deleted, at once if it was.
    async fn deleted(&self) {
        // An error would be that the sender is gone, and `self` holds it.
        let _ = self.deleted.subscribe().wait_for(|it| *it).await;
    }

    /// Ends when the connection is cut, at once if it was.
    async fn cut(&self) {
        let _ = self.cut.subscribe().wait_for(|it| *it).await;
    }

    fn active(&self) {
        self.active_ms.store(ids::now_ms(), Ordering::Relaxed);
    }

    fn active_ms(&self) -> u64 {
        self.active_ms.load(Ordering::Relaxed)
    }
}

impl Sockets {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Socket>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &str) -> Option<Arc<Socket>> {
        self.all().get(id).cloned()
    }

    /// A connection is open from now on.
    pub(crate) fn open(&self, socket: &Arc<Socket>) {
        self.all().insert(socket.connection.id.clone(), Arc::clone(socket));
    }

    fn remove(&self, id: &str) -> Option<Arc<Socket>> {
        self.all().remove(id)
    }

    /// Sends a message to a connection.
    pub(crate) fn post(&self, id: &str, text: String) -> Posted {
        self.get(id).map_or(Posted::Gone, |socket| socket.post(text))
    }

    /// What is known of a connection, and when it was last active.
    pub(crate) fn about(&self, id: &str) -> Option<(Connection, u64)> {
        self.get(id).map(|socket| (socket.connection.clone(), socket.active_ms()))
    }

    /// Ends a connection with 1000. It is gone at once. Whether it was there.
    pub(crate) fn delete(&self, id: &str) -> bool {
        self.remove(id).is_some_and(|socket| !socket.deleted.send_replace(true))
    }

    /// Cuts a connection as a network does. Whether it was there.
    pub(crate) fn cut(&self, id: &str) -> bool {
        self.remove(id).is_some_and(|socket| !socket.cut.send_replace(true))
    }

    /// The ids of all.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.all().keys().cloned().collect()
    }
}
