//! `POST /api/admin/apps/{id}/keys`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use protocol::AppId;

use super::create_app::FreshApp;
use super::{Admin, Operator};
use crate::problem::{ErrorBody, Problem};

/// Gives an app a new key
///
/// The old ones stay good until they are removed. The new secret is told in this answer only.
#[utoipa::path(
    post,
    path = "/api/admin/apps/{id}/keys",
    tag = "admin",
    params(("id" = String, Path, description = "The app")),
    responses(
        (status = 201, description = "The app and its new key", body = FreshApp),
        (status = 401, description = "Not the admin key", body = ErrorBody),
        (status = 404, description = "No such app", body = ErrorBody),
        (status = 409, description = "It has too many keys, or stands in the configuration", body = ErrorBody),
    ),
    security(("admin" = []))
)]
pub(super) async fn rotate_key(
    _: Operator,
    State(admin): State<Admin>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<FreshApp>), Problem> {
    let fresh = admin.registry.rotate_key(&AppId::new(id)).await?;
    tracing::info!(target: "audit", app = fresh.app.id, key = fresh.key, "an app has a new key");
    Ok((StatusCode::CREATED, Json(fresh.into())))
}
