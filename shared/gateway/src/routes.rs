//! Routes and their descriptions, added together so that neither can lack the other.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use utoipa::Path;
use utoipa::openapi::{HttpMethod, Paths};

use crate::answers::{self, Common};

/// What becomes of the descriptions of routes.
pub(crate) trait Descriptions: Default {
    /// A route is added: at this path, with this after the operation's id.
    fn add<D: Path>(&mut self, path: &str, suffix: &str);
    /// All routes so far may answer this, besides what they say themselves.
    fn answering(&mut self, common: &[Common]);
    /// Others are added.
    fn merge(&mut self, others: Self);
}

/// Nothing: what is served was made before, and is [`crate::openapi`]'s file.
#[derive(Default)]
pub(crate) struct Made;

impl Descriptions for Made {
    fn add<D: Path>(&mut self, _: &str, _: &str) {}

    fn answering(&mut self, _: &[Common]) {}

    fn merge(&mut self, _: Self) {}
}

/// The paths of a document.
impl Descriptions for Paths {
    fn add<D: Path>(&mut self, path: &str, suffix: &str) {
        let methods = D::methods();
        let several = methods.len() > 1;
        for method in methods {
            let mut operation = D::operation();
            // Operation ids are unique in a document.
            let by_method = if several { known(&method).1 } else { "" };
            operation.operation_id = operation.operation_id.map(|id| id + by_method + suffix);
            self.add_path_operation(path, vec![method], operation);
        }
    }

    fn answering(&mut self, common: &[Common]) {
        answers::add(self, common);
    }

    fn merge(&mut self, others: Self) {
        Self::merge(self, others);
    }
}

/// A router that grows along with its descriptions.
pub(crate) struct Routes<S, P> {
    router: Router<S>,
    paths: P,
}

impl<S: Clone + Send + Sync + 'static, P: Descriptions> Routes<S, P> {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), paths: P::default() }
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
        for method in D::methods() {
            self.router = self.router.route(path, on(known(&method).0, handler.clone()));
        }
        self.paths.add::<D>(path, suffix);
        self
    }

    /// Describes what all of these routes may answer besides what they say themselves.
    pub(crate) fn answering(mut self, common: &[Common]) -> Self {
        self.paths.answering(common);
        self
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.paths.merge(other.paths);
        Self { router: self.router.merge(other.router), paths: self.paths }
    }

    pub(crate) fn with_state(self, state: S) -> Routes<(), P> {
        Routes { router: self.router.with_state(state), paths: self.paths }
    }
}

impl<P> Routes<(), P> {
    pub(crate) fn into_parts(self) -> (Router, P) {
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
