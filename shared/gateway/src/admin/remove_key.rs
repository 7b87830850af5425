//! `DELETE /api/admin/apps/{id}/keys/{key}`.

use apps::AppView;
use axum::Json;
use axum::extract::{Path, State};
use protocol::AppId;

use super::{Admin, Operator};
use crate::problem::{ErrorBody, Problem};

/// Takes a key from an app
///
/// It is refused from now on, but the connections made with it stay.
#[utoipa::path(
    delete,
    path = "/api/admin/apps/{id}/keys/{key}",
    tag = "admin",
    params(
        ("id" = String, Path, description = "The app"),
        ("key" = String, Path, description = "The key"),
    ),
    responses(
        (status = 200, description = "The app", body = AppView),
        (status = 401, description = "Not the admin key", body = ErrorBody),
        (status = 404, description = "No such app", body = ErrorBody),
        (status = 409, description = "No such key, its only key, or an app of the configuration", body = ErrorBody),
    ),
    security(("admin" = []))
)]
pub(super) async fn remove_key(
    _: Operator,
    State(admin): State<Admin>,
    Path((id, key)): Path<(String, String)>,
) -> Result<Json<AppView>, Problem> {
    let app = admin.registry.remove_key(&AppId::new(id), &key).await?;
    tracing::info!(target: "audit", app = app.id, key, "a key was removed");
    Ok(Json(app))
}
