//! Refusals of the JSON API, and the one place where they become statuses.

use axum::Json;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use posts::FieldError;
use publishing::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::Unread;
use crate::door::{NotIn, challenge};

/// `Retry-After` is in seconds (RFC 9110, section 10.2.3).
const MS_PER_S: u64 = 1_000;

/// Why a request changed nothing.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    body: ErrorBody,
    /// Seconds, where coming back later helps.
    retry_after_s: Option<u64>,
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
        Self { status, body: ErrorBody { error }, retry_after_s: None }
    }

    /// The input is wrong: every field error at once.
    pub(crate) fn invalid(fields: Vec<FieldError>) -> Self {
        let message = "The request is not valid: correct the fields named";
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", message);
        problem.body.error.fields = fields;
        problem
    }

    /// Too much was asked: come back later.
    pub(crate) fn too_many(message: impl Into<String>, retry_after_ms: u64) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message);
        Self { retry_after_s: Some(retry_after_ms.div_ceil(MS_PER_S)), ..problem }
    }

    /// The status that it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// All of it in words for people.
    pub(crate) fn sentence(&self) -> String {
        let fields = &self.body.error.fields;
        if fields.is_empty() {
            return format!("{}.", self.body.error.message.trim_end_matches('.'));
        }
        fields
            .iter()
            .map(|it| format!("{}: {}", it.field, it.message))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Whether refusals have this shape at a path.
    pub(crate) fn is_for(uri: &Uri) -> bool {
        uri.path().starts_with("/api/") && !uri.path().starts_with("/api/pusher/")
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
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
