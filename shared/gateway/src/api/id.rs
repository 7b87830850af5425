//! The `{id}` of a path. What cannot be an id names nothing.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::problem::Problem;

/// The id in the path.
#[derive(Debug)]
pub(super) struct Id<T>(pub(super) T);

impl<T: TryFrom<String>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| T::try_from(text).ok());
        id.map(Self).ok_or_else(Problem::not_found)
    }
}
