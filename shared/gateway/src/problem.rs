//! Refusals of the JSON API, and the one place where they become statuses.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use posts::FieldError;
use publishing::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::Unread;
use crate::door::{NotIn, challenge};

/// Why a request changed nothing.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    body: ErrorBody,
}

/// The one shape of errors.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// A word for programs, such as `validation_failed`.
    code: &'static str,
    /// A sentence for people that says what to do.
    message: String,
    /// What is wrong with single fields; left out when nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldError>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let error = ErrorDetail { code, message: message.into(), fields: Vec::new() };
        Self { status, body: ErrorBody { error } }
    }

    /// The input is wrong: every field error at once.
    pub(crate) fn invalid(fields: Vec<FieldError>) -> Self {
        let message = "The request is not valid: correct the fields named";
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", message);
        problem.body.error.fields = fields;
        problem
    }

    /// There is no such thing, or the caller may not see it: the two look alike.
    pub(crate) fn not_found() -> Self {
        let message = "There is no such thing, or you may not see it: check the id";
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(fields) => Self::invalid(fields),
            Refusal::Conflict { code, message } => Self::new(StatusCode::CONFLICT, code, message),
            Refusal::NotFound => Self::not_found(),
            Refusal::Unavailable => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The server cannot do this right now: try again in a moment",
            ),
        }
    }
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Self {
        let code = match unread {
            Unread::TooLarge(_) => "body_too_large",
            Unread::TooSlow => "body_too_slow",
            Unread::Broken => "body_incomplete",
        };
        Self::new(unread.status(), code, unread.message())
    }
}

impl From<NotIn> for Problem {
    fn from(not_in: NotIn) -> Self {
        Self::new(not_in.status(), not_in.code(), not_in.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge());
        }
        response
    }
}
