//! The browser tab that makes a request and need not hear of it over its socket.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use protocol::SocketId;

use crate::problem::Problem;

/// The `X-Socket-Id` header, if one came.
#[derive(Debug)]
pub(super) struct Tab(Option<SocketId>);

impl Tab {
    /// The id as text.
    pub(super) fn socket(&self) -> Option<String> {
        self.0.map(|id| id.to_string())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Tab {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get("x-socket-id") else { return Ok(Self(None)) };
        let id = header.to_str().ok().and_then(|text| text.parse().ok());
        let malformed = || {
            let message =
                "X-Socket-Id must be the id of a connection, digits.digits; or leave it out";
            Problem::new(StatusCode::BAD_REQUEST, "invalid_socket_id", message)
        };
        id.map(|id| Self(Some(id))).ok_or_else(malformed)
    }
}
