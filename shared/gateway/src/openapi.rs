//! The OpenAPI document. It is made of the routes themselves, ahead: no function has to carry what makes it.

use axum::http::{HeaderName, header};

use crate::routes::{Descriptions, Routes};

/// The document. A test holds it against the routes, and writes it anew: `UPDATE_EXPECT=1 cargo test -p gateway`.
const DOCUMENT: &str = include_str!("../openapi.json");

/// Describes this API
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "operations",
    responses((status = 200, description = "This document", body = Value))
)]
async fn openapi() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}

/// The route of the document.
pub(crate) fn routes<D: Descriptions>() -> Routes<(), D> {
    Routes::new().add(__path_openapi, openapi)
}
