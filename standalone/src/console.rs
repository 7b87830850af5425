//! The page: three files inside the binary, and what they need to know to connect.

use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use protocol::AppKey;
use serde_json::json;

const PAGE: &str = include_str!("../../console/index.html");
const STYLE: &str = include_str!("../../console/console.css");
/// The scripts, by their names in the page and in each other.
const SCRIPTS: [(&str, &str); 4] = [
    ("/console/api.js", include_str!("../../console/api.js")),
    ("/console/console.js", include_str!("../../console/console.js")),
    ("/console/posts.js", include_str!("../../console/posts.js")),
    ("/console/socket.js", include_str!("../../console/socket.js")),
];

/// Only the page's own files and its own server; nothing may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page's routes, for an app that it connects to by `key`. In the demo it fetches its token by itself.
pub(crate) fn router(key: AppKey, demo: bool) -> Router {
    let config = json!({ "key": key, "demo": demo });
    let router = Router::new()
        .route("/", get(|| async { file("text/html; charset=utf-8", PAGE) }))
        .route("/console/console.css", get(|| async { file("text/css; charset=utf-8", STYLE) }))
        .route("/console/config.json", get(|| async move { Json(config) }));
    SCRIPTS.iter().fold(router, |router, (path, text)| {
        router.route(path, get(|| async { file("text/javascript; charset=utf-8", text) }))
    })
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        // The files change with the binary.
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn get(path: &str) -> (u16, String, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router(AppKey::new("demo-key"), true).oneshot(request).await.unwrap();
        let kind = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn every_file_that_the_page_names_is_served() {
        let (status, kind, page) = get("/").await;
        assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
        let named: Vec<_> = page.split('"').filter(|part| part.starts_with("/console/")).collect();
        assert!(named.len() >= 2, "{named:?}");
        for path in named {
            assert_eq!(get(path).await.0, 200, "{path}");
        }
        for (path, script) in SCRIPTS {
            assert_eq!(get(path).await.2, script, "{path}");
            for import in script.split('\'').filter_map(|part| part.strip_prefix("./")) {
                assert_eq!(get(&format!("/console/{import}")).await.0, 200, "{import} in {path}");
            }
        }
    }

    #[tokio::test]
    async fn the_page_keeps_to_its_own_policy() {
        let page = get("/").await.2;
        for inline in [
            "<style",
            "style=",
            "<script>",
            "onclick",
            "onload",
            "javascript:",
            "https://",
            "http://",
        ] {
            assert!(!page.contains(inline), "{inline}");
        }
        let unsafe_ways =
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "import("];
        for ((path, script), way) in
            SCRIPTS.iter().flat_map(|script| unsafe_ways.map(|way| (script, way)))
        {
            assert!(!script.contains(way), "{way} in {path}");
        }
    }

    #[tokio::test]
    async fn the_page_learns_where_to_connect() {
        let config: serde_json::Value =
            serde_json::from_str(&get("/console/config.json").await.2).unwrap();
        assert_eq!(config, json!({ "key": "demo-key", "demo": true }));
    }
}
