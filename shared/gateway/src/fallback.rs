//! Answers where there is no handler, in the words that the path's callers read.

use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::plain::Plain;
use crate::problem::Problem;

/// No route has this path.
pub(crate) async fn not_found(uri: Uri) -> Response {
    let message = "Nothing is served at this path: see /api/openapi.json for what is";
    answer(&uri, StatusCode::NOT_FOUND, "unknown_path", message.into())
}

/// The route has other methods.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Response {
    let message = format!("{method} is not served at this path: see /api/openapi.json for what is");
    answer(&uri, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}

fn answer(uri: &Uri, status: StatusCode, code: &'static str, message: String) -> Response {
    if Problem::is_for(uri) {
        Problem::new(status, code, message).into_response()
    } else {
        Plain::new(status, message).into_response()
    }
}
