//! What the document says that routes answer, held against what they do.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

/// The document's paths.
pub(super) struct Described(Value);

impl Described {
    /// Asks the router for its document.
    pub(super) async fn by(router: &Router) -> Self {
        let request = Request::get("/api/openapi.json").body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Self(serde_json::from_slice::<Value>(&body).unwrap()["paths"].take())
    }

    /// An answer of a route is one of those that its operation lists.
    pub(super) fn check(&self, method: &Method, path: &str, status: StatusCode) {
        let Some(template) = self.template(path) else { return };
        let method = method.as_str().to_lowercase();
        let Some(responses) = self.0[template][&method].get("responses") else { return };
        let known = responses.get(status.as_str()).is_some();
        assert!(known, "{method} {template} answered {status}, which it does not describe");
    }

    /// The path that a route has; the one with fewest parameters, as the router takes it.
    fn template(&self, path: &str) -> Option<&str> {
        let fits = |template: &&String| {
            let (parts, wanted) = (path.split('/'), template.split('/'));
            parts.clone().count() == wanted.clone().count()
                && parts.zip(wanted).all(|(is, wants)| wants.starts_with('{') || is == wants)
        };
        let templates = self.0.as_object().unwrap().keys().filter(fits);
        templates.min_by_key(|it| it.matches('{').count()).map(String::as_str)
    }
}
