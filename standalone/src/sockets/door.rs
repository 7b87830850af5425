//! The door: from a request to a connection that has been greeted or refused, and on to its end.
//!
//! A refused client is let in all the same and told why by its first frame: pusher-js reads
//! codes only from an open connection.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use channels::Asked;
use futures::FutureExt;
use gateway::{ClientIp, Entrance, Visitor};
use http::Request;
use identity::Facts;
use protocol::{Code, ConnectionId, Fault, SocketId};
use service::{Handled, Outbox, Service};
use store::Store;

use super::Sockets;
use super::mailbox::Mailbox;
use super::session::{self, Handler};
use super::silence::Timing;
use super::socket::Socket;
use super::transport::Transport;
use super::xhr::{self, Inbox};
use crate::jobs::now_ms;

/// A connection that was opened, and what its client sends by.
pub(super) enum Line {
    /// A WebSocket, with the bytes that came along with its handshake.
    Socket(Arc<Socket>, Bytes),
    /// Requests.
    Mailbox(Arc<Mailbox>, Inbox),
}

impl Line {
    fn transport(&self) -> Transport {
        match self {
            Self::Socket(socket, _) => Transport::Socket(Arc::clone(socket)),
            Self::Mailbox(mailbox, _) => Transport::Mailbox(Arc::clone(mailbox)),
        }
    }
}

/// Opens connections for a service.
pub(crate) struct Door<S, F> {
    service: Arc<Service<S, Sockets, F>>,
    sockets: Sockets,
    entrance: Entrance,
    pub(super) timing: Timing,
}

/// What a request for a connection says; `key` is what its path does.
pub(super) fn visitor<B>(request: &Request<B>, key: Option<String>) -> Visitor {
    let query = request.uri().query().unwrap_or_default();
    Visitor::new(key, query, request.headers(), request.extensions().get().copied())
}

/// A new connection's id.
pub(super) fn connection_id() -> ConnectionId {
    ConnectionId::new(format!("{:016x}", rand::random::<u64>()))
}

impl<S: Store, F: Facts + 'static> Door<S, F> {
    /// A door to this service.
    pub(crate) fn new(
        service: Arc<Service<S, Sockets, F>>,
        entrance: Entrance,
        timing: Timing,
    ) -> Arc<Self> {
        let sockets = service.outbox().clone();
        Arc::new(Self { service, sockets, entrance, timing })
    }

    /// Hosts a connection from its first to its last moment, whatever carries it.
    pub(super) async fn host(&self, line: Line, visitor: Visitor) {
        let transport = line.transport();
        let id = transport.id().clone();
        self.sockets.insert(transport);
        let life = AssertUnwindSafe(self.live(line, visitor)).catch_unwind();
        if life.await.is_err() {
            tracing::error!(connection = %id, "a session panicked; the others go on");
        }
        self.service.close(&id).await;
        // Last: a server that stops waits for this, and then runs what the end of the connection left to be done.
        self.sockets.remove(&id);
    }

    async fn live(&self, line: Line, visitor: Visitor) {
        let transport = line.transport();
        let ids = (transport.id().clone(), SocketId::from_random(rand::random(), rand::random()));
        match Box::pin(self.entrance.admit(&self.service, ids, &visitor, now_ms())).await {
            Ok(()) => Box::pin(self.service.greet(transport.id(), now_ms())).await,
            Err(fault) => transport.refuse(&fault),
        }
        let visit = Visit { door: self, since: Instant::now() };
        match line {
            Line::Socket(socket, early) => session::run(socket, early, &visit, self.timing).await,
            Line::Mailbox(mailbox, inbox) => xhr::run(&mailbox, inbox, &visit, self.timing).await,
        }
    }
}

/// What a connection says, as long as it lasts.
struct Visit<'a, S, F> {
    door: &'a Door<S, F>,
    /// The clock that orders what the client asks for.
    since: Instant,
}

impl<S: Store, F: Facts + 'static> Handler for Visit<'_, S, F> {
    async fn message(&self, id: &ConnectionId, text: &str) {
        let asked =
            u64::try_from(self.since.elapsed().as_millis()).map_or(Asked::FIRST, Asked::at_ms);
        let handled = self.door.service.message(id, text, asked, now_ms()).await;
        let Handled::NotAuthorized(from) = handled else { return };
        let from = from.map(ClientIp);
        if let Err(often) =
            self.door.entrance.visitors.failed(&self.door.service, from, now_ms()).await
        {
            let fault = Fault::new(Code::OverCapacity, often.to_string());
            self.door.sockets.close(id, &fault).await;
        }
    }
}
