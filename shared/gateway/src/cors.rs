//! Cross-origin calls from browsers (Fetch standard, "CORS protocol").

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::pages::Pages;
use crate::plain::Plain;

/// Methods that pages may use.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
/// Headers that pages may send: pusher-js and common frameworks add the third one.
const HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, x-csrf-token, x-socket-id");
/// Seconds that a browser may remember a preflight: the most that Chromium honours.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("7200");

/// The page that calls, and what it may.
struct Caller {
    origin: HeaderValue,
    allowed: bool,
    cookies: bool,
}

impl Caller {
    fn of(pages: &Pages, origin: &HeaderValue, uri: &Uri) -> Self {
        let text = origin.to_str().unwrap_or_default();
        let (path, query) = (uri.path(), uri.query().unwrap_or_default());
        Self {
            origin: origin.clone(),
            allowed: pages.allow(text, path, query),
            cookies: pages.allow_cookies(text, path, query),
        }
    }

    /// Names the page as allowed, if it is. Never `*`: a cookie must not go with it.
    fn allow(&self, headers: &mut HeaderMap) -> bool {
        if !self.allowed {
            return false;
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone());
        if self.cookies {
            let yes = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        true
    }
}

/// Answers preflights, and marks answers that a page of another origin may read.
pub(crate) async fn apply(
    State(pages): State<Arc<Pages>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN);
    let caller = origin.map(|origin| Caller::of(&pages, origin, request.uri()));
    let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &caller {
        Some(caller) if asks && request.method() == Method::OPTIONS => preflight(caller),
        _ => next.run(request).await,
    };
    if let Some(caller) = &caller {
        caller.allow(response.headers_mut());
    }
    // Caches must not give one page's answer to another's.
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    response
}

fn preflight(caller: &Caller) -> Response {
    let mut headers = HeaderMap::new();
    if !caller.allow(&mut headers) {
        let message =
            "This origin is not allowed: add it to the allowed_origins of the app or of the server";
        return Plain::forbidden(message).into_response();
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    (StatusCode::NO_CONTENT, headers).into_response()
}
