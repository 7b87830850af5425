//! Refusals as plain text: what Pusher's SDKs show as their error message.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use channels::publish::Refusal;
use channels::usage::Over;

use crate::body::Unread;
use crate::door::{NotIn, challenge};

/// A status and one sentence for the developer who calls.
#[derive(Debug)]
pub(crate) struct Plain {
    status: StatusCode,
    message: String,
}

impl Plain {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn into_parts(self) -> (StatusCode, String) {
        (self.status, self.message)
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }
}

impl From<Unread> for Plain {
    fn from(unread: Unread) -> Self {
        Self::new(unread.status(), unread.message())
    }
}

impl From<NotIn> for Plain {
    fn from(not_in: NotIn) -> Self {
        Self::new(not_in.status(), not_in.to_string())
    }
}

impl From<auth::RequestError> for Plain {
    fn from(error: auth::RequestError) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error.to_string())
    }
}

/// 403, not 429: that is "over quota" to Pusher's SDKs, and 429 is unknown to them.
impl From<Over> for Plain {
    fn from(over: Over) -> Self {
        Self::forbidden(over.message())
    }
}

impl From<Refusal> for Plain {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Bad(message) => Self::bad(message),
            Refusal::TooLarge(message) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, message),
        }
    }
}

impl From<store::Error> for Plain {
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, "a signed request was not handled");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The server could not do this right now: send it again",
        )
    }
}

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.message).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge());
        }
        response
    }
}
