//! The door: from an HTTP request to a connection that has been greeted or refused.
//!
//! A refused client is let in all the same and told why by its first frame: pusher-js reads
//! codes only from an open socket.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures::FutureExt;
use gateway::{ClientIp, Visitors};
use http::header::{
    CONNECTION, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use identity::{Facts, TokenError};
use jwks::Verifier;
use protocol::{Code, ConnectionId, Fault, SocketId};
use service::{Arrival, Credential, Handled, Outbox, Service};
use store::Store;
use tokio::net::TcpStream;
use tungstenite::handshake::server::create_response_with_body;

use super::Sockets;
use super::registry::refuse;
use super::session::{self, Handler, Timing};
use super::socket::Socket;
use crate::jobs::now_ms;

/// The subprotocol that carries a token where a client cannot add a query parameter.
const BEARER: &str = "bearer.";

/// Whether a request wants to become a WebSocket.
pub(crate) fn is_websocket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// What a WebSocket request says, read once.
struct Visitor {
    key: Option<String>,
    protocol: Option<String>,
    token: Option<String>,
    origin: Option<String>,
    from: Option<ClientIp>,
}

impl Visitor {
    fn of<B>(request: &http::Request<B>) -> Self {
        let key = request.uri().path().strip_prefix("/app/").map(str::to_owned);
        let query = request.uri().query().unwrap_or_default();
        let parameter = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(it, _)| it == name).map(|(_, value)| value.into_owned())
        };
        let token = parameter("token").or_else(|| {
            let bearer = offered(request.headers()).find_map(|it| it.strip_prefix(BEARER));
            bearer.map(str::to_owned)
        });
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

/// The subprotocols that a client offers.
fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(',').map(str::trim))
}

/// Opens WebSockets for a service.
pub(crate) struct Door<S, F> {
    service: Arc<Service<S, Sockets, F>>,
    sockets: Sockets,
    verifier: Arc<Verifier>,
    visitors: Visitors,
    timing: Timing,
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

    /// Answers the handshake; the connection lives on in a task of its own.
    pub(crate) fn open(self: &Arc<Self>, mut request: Request) -> Response {
        let mut response = match create_response_with_body(&request, Body::empty) {
            Ok(response) => response,
            Err(error) => return not_a_handshake(&error),
        };
        if let Some(chosen) = chosen_subprotocol(request.headers()) {
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, chosen);
        }
        let visitor = Visitor::of(&request);
        let upgrade = hyper::upgrade::on(&mut request);
        let door = Arc::clone(self);
        tokio::spawn(async move {
            if let Ok(upgraded) = upgrade.await {
                door.welcome(upgraded, visitor).await;
            }
        });
        response
    }

    async fn welcome(&self, upgraded: Upgraded, visitor: Visitor) {
        let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else { return };
        let id = ConnectionId::new(format!("{:016x}", rand::random::<u64>()));
        let socket = Arc::new(Socket::new(id.clone(), parts.io.into_inner()));
        self.sockets.insert(&socket);
        let life = AssertUnwindSafe(self.live(&socket, parts.read_buf, visitor)).catch_unwind();
        if life.await.is_err() {
            tracing::error!(connection = %id, "a session panicked; the others go on");
        }
        self.service.close(&id).await;
        // Last: a server that stops waits for this, and then runs what the end of the connection left to be done.
        self.sockets.remove(&id);
    }

    async fn live(&self, socket: &Arc<Socket>, early: Bytes, visitor: Visitor) {
        let from = visitor.from;
        match Box::pin(self.admit(&socket.id, visitor)).await {
            Ok(()) => Box::pin(self.service.greet(&socket.id, now_ms())).await,
            Err(fault) => refuse(socket, &fault),
        }
        let visit = Visit { door: self, from };
        session::run(Arc::clone(socket), early, &visit, self.timing).await;
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
}

impl<S: Store, F: Facts + 'static> Handler for Visit<'_, S, F> {
    async fn message(&self, id: &ConnectionId, text: &str) {
        let handled = self.door.service.message(id, text, now_ms()).await;
        if handled == Handled::NotAuthorized
            && let Err(often) = self.door.visitors.failed(self.from, now_ms())
        {
            let fault = Fault::new(Code::OverCapacity, often.to_string());
            self.door.sockets.close(id, &fault).await;
        }
    }
}

/// A client that offers subprotocols wants one of them back; a token is repeated only if it is alone.
fn chosen_subprotocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let plain = offered(headers).find(|it| !it.starts_with(BEARER) && !it.is_empty());
    let chosen = plain.or_else(|| offered(headers).find(|it| it.starts_with(BEARER)))?;
    HeaderValue::from_str(chosen).ok()
}

fn not_a_handshake(error: &tungstenite::Error) -> Response {
    let mut response = Response::new(Body::from(format!("Not a WebSocket handshake: {error}\n")));
    *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}
