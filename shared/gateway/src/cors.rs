//! Cross-origin calls from browsers (Fetch standard, "CORS protocol").

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::plain::Plain;
use crate::settings::Origins;

/// Methods that pages may use.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PATCH, DELETE");
/// Headers that pages may send: pusher-js and common frameworks add the third one.
const HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, x-csrf-token, x-socket-id");
/// Seconds that a browser may remember a preflight: the most that Chromium honours.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("7200");

/// The pages that may call. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Cors(Arc<Origins>);

impl Cors {
    pub(crate) fn new(origins: Origins) -> Self {
        Self(Arc::new(origins))
    }

    /// Names the page as allowed, if it is. Never `*`: a cookie must not go with it.
    fn allow(&self, origin: &HeaderValue, headers: &mut HeaderMap) -> bool {
        let text = origin.to_str().unwrap_or_default();
        if !self.0.allows(text) {
            return false;
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if self.0.allows_cookies(text) {
            let yes = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        true
    }
}

/// Answers preflights, and marks answers that a page of another origin may read.
pub(crate) async fn apply(State(cors): State<Cors>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Some(origin) if asks && request.method() == Method::OPTIONS => preflight(&cors, origin),
        _ => next.run(request).await,
    };
    if let Some(origin) = &origin {
        cors.allow(origin, response.headers_mut());
    }
    // Caches must not give one page's answer to another's.
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    response
}

fn preflight(cors: &Cors, origin: &HeaderValue) -> Response {
    let mut headers = HeaderMap::new();
    if !cors.allow(origin, &mut headers) {
        let message = "This origin is not allowed: add it to the allowed origins of the server";
        return Plain::forbidden(message).into_response();
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    (StatusCode::NO_CONTENT, headers).into_response()
}
