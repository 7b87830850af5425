//! The way in for connections: from what a handshake says to a connection that is admitted or refused.
//!
//! A refused client is let in all the same by its host, and told why by its first frame: pusher-js reads codes
//! only from an open socket.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use identity::{Facts, TokenError};
use jwks::Verifier;
use protocol::{Code, ConnectionId, Fault, SocketId};
use service::{Arrival, Credential, Outbox, Service};
use store::Store;

use crate::{ClientIp, Visitors};

/// The subprotocol that carries a token where a client cannot add a query parameter.
const BEARER: &str = "bearer.";

/// What a handshake says, read once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visitor {
    /// The app's key.
    pub key: Option<String>,
    /// The `protocol` parameter, as written.
    pub protocol: Option<String>,
    /// A token, not verified yet.
    pub token: Option<String>,
    /// The origin of the page that it runs in, if that is a page of another host.
    pub origin: Option<String>,
    /// Where it comes from.
    pub from: Option<ClientIp>,
}

impl Visitor {
    /// Reads a handshake's query and headers; `key` is what its path says.
    pub fn new(
        key: Option<String>,
        query: &str,
        headers: &HeaderMap,
        from: Option<ClientIp>,
    ) -> Self {
        let parameter = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(it, _)| it == name).map(|(_, value)| value.into_owned())
        };
        let token = parameter("token").or_else(|| {
            let bearer = offered(headers).find_map(|it| it.strip_prefix(BEARER));
            bearer.map(str::to_owned)
        });
        let origin = foreign_page(headers).map(str::to_owned);
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

/// A client that offers subprotocols wants one of them back; a token is repeated only if it is alone.
pub fn chosen_subprotocol(headers: &HeaderMap) -> Option<&str> {
    let plain = offered(headers).find(|it| !it.starts_with(BEARER) && !it.is_empty());
    plain.or_else(|| offered(headers).find(|it| it.starts_with(BEARER)))
}

/// Lets connections in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// Tells users from tokens.
    pub verifier: Arc<Verifier>,
    /// How often an address may come, and fail.
    pub visitors: Visitors,
}

impl Entrance {
    /// Admits and remembers a connection; nothing is sent to it. `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// What to send as its first frame, before closing it.
    pub async fn admit<S: Store, O: Outbox, F: Facts + 'static>(
        &self,
        service: &Service<S, O, F>,
        (id, socket_id): (ConnectionId, SocketId),
        visitor: &Visitor,
        now_ms: u64,
    ) -> Result<(), Fault> {
        let often = self.visitors.connects(service, visitor.from, now_ms).await;
        often.map_err(|often| Fault::new(Code::OverCapacity, often.to_string()))?;
        let Some(key) = visitor.key.as_deref() else {
            return Err(Fault::new(Code::PathNotFound, "Path not found: connect to /app/{key}"));
        };
        let credential = match &visitor.token {
            None => Credential::None,
            Some(token) => match self.verifier.verify(token).await {
                Ok(user) => Credential::User(Arc::new(user)),
                // Not the client's fault: it may come back.
                Err(error @ TokenError::KeysUnavailable) => {
                    return Err(Fault::new(Code::OverCapacity, error.to_string()));
                }
                Err(error) => {
                    // This one is refused anyway; the next one is refused unheard.
                    let _ = self.visitors.failed(service, visitor.from, now_ms).await;
                    Credential::Invalid(error.to_string())
                }
            },
        };
        let (protocol, origin) = (visitor.protocol.as_deref(), visitor.origin.as_deref());
        let from = visitor.from.map(|it| it.0);
        let arrival = Arrival { id, socket_id, key, protocol, origin, from, now_ms, credential };
        service.connect(arrival).await
    }
}
