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
use gateway::{ClientIp, Visitors};
use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use identity::{Facts, TokenError};
use jwks::Verifier;
use protocol::{Code, ConnectionId, Fault, SocketId};
use service::{Arrival, Credential, Handled, Outbox, Service};
use store::Store;

use super::Sockets;
use super::handshake::bearer;
use super::mailbox::Mailbox;
use super::session::{self, Handler};
use super::silence::Timing;
use super::socket::Socket;
use super::transport::Transport;
use super::xhr::{self, Inbox};
use crate::jobs::now_ms;

/// What a request for a connection says, read once.
pub(super) struct Visitor {
    key: Option<String>,
    protocol: Option<String>,
    token: Option<String>,
    origin: Option<String>,
    from: Option<ClientIp>,
}

impl Visitor {
    pub(super) fn of<B>(request: &http::Request<B>, key: Option<String>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let parameter = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(it, _)| it == name).map(|(_, value)| value.into_owned())
        };
        let token = parameter("token").or_else(|| bearer(request.headers()));
        let origin = foreign_page(request.headers()).map(str::to_owned);
        let from = request.extensions().get().copied();
        Self { key, protocol: parameter("protocol"), token, origin, from }
    }
}

/// The origin of a page that did not come from the host that it asks. Browsers name it in every
/// handshake (RFC 6455, section 4.1); one that is no text is no page's that anybody could allow.
fn foreign_page(headers: &HeaderMap) -> Option<&str> {
    let origin = headers.get(ORIGIN)?.to_str().unwrap_or_default();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let own = origin
        .split_once("://")
        .is_some_and(|(_, it)| host.is_some_and(|host| it.eq_ignore_ascii_case(host)));
    (!own).then_some(origin)
}

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
    verifier: Arc<Verifier>,
    visitors: Visitors,
    pub(super) timing: Timing,
}

/// A new connection's id.
pub(super) fn connection_id() -> ConnectionId {
    ConnectionId::new(format!("{:016x}", rand::random::<u64>()))
}

impl<S: Store, F: Facts + 'static> Door<S, F> {
    /// A door to this service.
    pub(crate) fn new(
        service: Arc<Service<S, Sockets, F>>,
        verifier: Arc<Verifier>,
        visitors: Visitors,
        timing: Timing,
    ) -> Arc<Self> {
        let sockets = service.outbox().clone();
        Arc::new(Self { service, sockets, verifier, visitors, timing })
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
        let (from, transport) = (visitor.from, line.transport());
        match Box::pin(self.admit(transport.id(), visitor)).await {
            Ok(()) => Box::pin(self.service.greet(transport.id(), now_ms())).await,
            Err(fault) => transport.refuse(&fault),
        }
        let visit = Visit { door: self, from, since: Instant::now() };
        match line {
            Line::Socket(socket, early) => session::run(socket, early, &visit, self.timing).await,
            Line::Mailbox(mailbox, inbox) => xhr::run(&mailbox, inbox, &visit, self.timing).await,
        }
    }

    async fn admit(&self, id: &ConnectionId, visitor: Visitor) -> Result<(), Fault> {
        let often = self.visitors.connects(visitor.from, now_ms());
        often.map_err(|often| Fault::new(Code::OverCapacity, often.to_string()))?;
        let Some(key) = visitor.key else {
            return Err(Fault::new(Code::PathNotFound, "Path not found: connect to /app/{key}"));
        };
        let credential = match visitor.token {
            None => Credential::None,
            Some(token) => match self.verifier.verify(&token).await {
                Ok(user) => Credential::User(Arc::new(user)),
                // Not the client's fault: it may come back.
                Err(error @ TokenError::KeysUnavailable) => {
                    return Err(Fault::new(Code::OverCapacity, error.to_string()));
                }
                Err(error) => {
                    // This one is refused anyway; the next one is refused unheard.
                    let _ = self.visitors.failed(visitor.from, now_ms());
                    Credential::Invalid(error.to_string())
                }
            },
        };
        let arrival = Arrival {
            id: id.clone(),
            socket_id: SocketId::from_random(rand::random(), rand::random()),
            key: &key,
            protocol: visitor.protocol.as_deref(),
            origin: visitor.origin.as_deref(),
            now_ms: now_ms(),
            credential,
        };
        self.service.connect(arrival).await
    }
}

/// A connection and where it comes from.
struct Visit<'a, S, F> {
    door: &'a Door<S, F>,
    from: Option<ClientIp>,
    /// The clock that orders what the client asks for.
    since: Instant,
}

impl<S: Store, F: Facts + 'static> Handler for Visit<'_, S, F> {
    async fn message(&self, id: &ConnectionId, text: &str) {
        let asked =
            u64::try_from(self.since.elapsed().as_millis()).map_or(Asked::FIRST, Asked::at_ms);
        let handled = self.door.service.message(id, text, asked, now_ms()).await;
        if handled == Handled::NotAuthorized
            && let Err(often) = self.door.visitors.failed(self.from, now_ms())
        {
            let fault = Fault::new(Code::OverCapacity, often.to_string());
            self.door.sockets.close(id, &fault).await;
        }
    }
}
