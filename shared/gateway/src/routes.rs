//! Routes and their descriptions, added together so that neither can lack the other.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use utoipa::Path;
use utoipa::openapi::{HttpMethod, Paths};

use crate::answers::{self, Common};

/// A router that grows along with its OpenAPI paths.
pub(crate) struct Routes<S> {
    router: Router<S>,
    paths: Paths,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), paths: Paths::new() }
    }

    /// Adds a handler where its description (made by `utoipa::path`) says.
    pub(crate) fn add<D, H, T>(self, _: D, handler: H) -> Self
    where
        D: Path,
        H: Handler<T, S>,
        T: 'static,
    {
        self.route::<D, H, T>(&D::path(), "", handler)
    }

    /// Adds the same handler at another path too.
    pub(crate) fn also<D, H, T>(self, path: &str, _: D, handler: H) -> Self
    where
        D: Path,
        H: Handler<T, S>,
        T: 'static,
    {
        self.route::<D, H, T>(path, "_at_api", handler)
    }

    fn route<D, H, T>(mut self, path: &str, suffix: &str, handler: H) -> Self
    where
        D: Path,
        H: Handler<T, S>,
        T: 'static,
    {
        let methods = D::methods();
        let several = methods.len() > 1;
        for method in methods {
            let (on_method, word) = known(&method);
            let mut operation = D::operation();
            // Operation ids are unique in a document.
            let by_method = if several { word } else { "" };
            operation.operation_id = operation.operation_id.map(|id| id + by_method + suffix);
            self.router = self.router.route(path, on(on_method, handler.clone()));
            self.paths.add_path_operation(path, vec![method], operation);
        }
        self
    }

    /// Describes what all of these routes may answer besides what they say themselves.
    pub(crate) fn answering(mut self, common: &[Common]) -> Self {
        answers::add(&mut self.paths, common);
        self
    }

    pub(crate) fn paths(&self) -> &Paths {
        &self.paths
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.paths.merge(other.paths);
        Self { router: self.router.merge(other.router), paths: self.paths }
    }

    pub(crate) fn with_state(self, state: S) -> Routes<()> {
        Routes { router: self.router.with_state(state), paths: self.paths }
    }
}

impl Routes<()> {
    pub(crate) fn into_parts(self) -> (Router, Paths) {
        (self.router, self.paths)
    }
}

/// The method in axum's terms, and what sets its operation apart.
fn known(method: &HttpMethod) -> (MethodFilter, &'static str) {
    match method {
        HttpMethod::Get => (MethodFilter::GET, "_by_get"),
        HttpMethod::Post => (MethodFilter::POST, "_by_post"),
        HttpMethod::Put => (MethodFilter::PUT, "_by_put"),
        HttpMethod::Delete => (MethodFilter::DELETE, "_by_delete"),
        HttpMethod::Options => (MethodFilter::OPTIONS, "_by_options"),
        HttpMethod::Head => (MethodFilter::HEAD, "_by_head"),
        HttpMethod::Patch => (MethodFilter::PATCH, "_by_patch"),
        HttpMethod::Trace => (MethodFilter::TRACE, "_by_trace"),
    }
}
