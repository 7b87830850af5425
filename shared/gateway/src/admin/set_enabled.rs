//! `POST /api/admin/apps/{id}/enable` and `/disable`.

use apps::AppView;
use axum::Json;
use axum::extract::{Path, State};
use protocol::AppId;

use super::{Admin, Operator};
use crate::problem::{ErrorBody, Problem};

/// Switches an app on
#[utoipa::path(
    post,
    path = "/api/admin/apps/{id}/enable",
    tag = "admin",
    params(("id" = String, Path, description = "The app")),
    responses(
        (status = 200, description = "The app", body = AppView),
        (status = 401, description = "Not the admin key", body = ErrorBody),
        (status = 404, description = "No such app", body = ErrorBody),
        (status = 409, description = "It stands in the configuration", body = ErrorBody),
    ),
    security(("admin" = []))
)]
pub(super) async fn enable_app(
    _: Operator,
    State(admin): State<Admin>,
    Path(id): Path<String>,
) -> Result<Json<AppView>, Problem> {
    set_enabled(&admin, id, true).await
}

/// Switches an app off
///
/// Its connections end with 4003, and its requests are refused with 403.
#[utoipa::path(
    post,
    path = "/api/admin/apps/{id}/disable",
    tag = "admin",
    params(("id" = String, Path, description = "The app")),
    responses(
        (status = 200, description = "The app", body = AppView),
        (status = 401, description = "Not the admin key", body = ErrorBody),
        (status = 404, description = "No such app", body = ErrorBody),
        (status = 409, description = "It stands in the configuration", body = ErrorBody),
    ),
    security(("admin" = []))
)]
pub(super) async fn disable_app(
    _: Operator,
    State(admin): State<Admin>,
    Path(id): Path<String>,
) -> Result<Json<AppView>, Problem> {
    set_enabled(&admin, id, false).await
}

async fn set_enabled(admin: &Admin, id: String, enabled: bool) -> Result<Json<AppView>, Problem> {
    let app = admin.registry.set_enabled(&AppId::new(id), enabled).await?;
    tracing::info!(target: "audit", app = app.id, enabled, "an app was switched");
    Ok(Json(app))
}
