//! WebSockets: from an HTTP request to a socket.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use gateway::{Visitor, chosen_subprotocol};
use http::header::{CONNECTION, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use identity::Facts;
use store::Store;
use tokio::net::TcpStream;
use tungstenite::handshake::server::create_response_with_body;

use super::Door;
use super::door::{Line, connection_id, visitor};
use super::socket::Socket;

/// Whether a request wants to become a WebSocket.
pub(crate) fn is_websocket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

impl<S: Store, F: Facts + 'static> Door<S, F> {
    /// Answers the handshake; the connection lives on in a task of its own.
    pub(crate) fn open(self: &Arc<Self>, mut request: Request) -> Response {
        let mut response = match create_response_with_body(&request, Body::empty) {
            Ok(response) => response,
            Err(error) => return not_a_handshake(&error),
        };
        let chosen = chosen_subprotocol(request.headers()).map(HeaderValue::from_str);
        if let Some(Ok(chosen)) = chosen {
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, chosen);
        }
        let key = request.uri().path().strip_prefix("/app/").map(str::to_owned);
        let visitor = visitor(&request, key);
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
        let socket = Arc::new(Socket::new(connection_id(), parts.io.into_inner()));
        self.host(Line::Socket(socket, parts.read_buf), visitor).await;
    }
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
