//! Requests that were meant for this machine, and only these.

use axum::Json;
use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use gateway::Origins;

/// Lets through what names this machine. A page of a foreign site can make its own name lead here (DNS rebinding) and
/// would then be handed a token; its `Host` gives it away.
pub(super) async fn only_local(request: Request, next: Next) -> Response {
    if is_local(request.headers()) {
        return next.run(request).await;
    }
    let message = "The demo answers only at a loopback address, such as http://127.0.0.1:6001/.";
    (StatusCode::FORBIDDEN, Json(json!({ "error": { "code": "not_local", "message": message } })))
        .into_response()
}

fn is_local(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let host = text(HOST).is_some_and(|host| Origins::Loopback.allows(&format!("http://{host}")));
    let origin = text(ORIGIN).is_none_or(|origin| Origins::Loopback.allows(origin));
    host && origin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine() {
        let local = |host: Option<&str>, origin: Option<&str>| {
            let host = host.map(|value| (HOST, value.parse().unwrap()));
            let origin = origin.map(|value| (ORIGIN, value.parse().unwrap()));
            is_local(&host.into_iter().chain(origin).collect())
        };
        for host in ["127.0.0.1:6001", "localhost:6001", "[::1]:6001", "localhost"] {
            assert!(local(Some(host), None), "{host}");
            assert!(local(Some(host), Some("http://localhost:3000")), "{host}");
            assert!(!local(Some(host), Some("https://evil.example")), "{host}");
            assert!(!local(Some(host), Some("null")), "{host}");
        }
        for host in [
            "evil.example:6001",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.168.0.1",
            "",
        ] {
            assert!(!local(Some(host), None), "{host}");
        }
        assert!(!local(None, None));
    }
}
