//! `GET /api/admin/apps/{id}`.

use apps::AppView;
use axum::Json;
use axum::extract::{Path, State};
use protocol::AppId;

use super::{Admin, Operator};
use crate::problem::{ErrorBody, Problem};

/// Shows an app
#[utoipa::path(
    get,
    path = "/api/admin/apps/{id}",
    tag = "admin",
    params(("id" = String, Path, description = "The app")),
    responses(
        (status = 200, description = "The app, without secrets", body = AppView),
        (status = 401, description = "Not the admin key", body = ErrorBody),
        (status = 404, description = "No such app", body = ErrorBody),
    ),
    security(("admin" = []))
)]
pub(super) async fn show_app(
    _: Operator,
    State(admin): State<Admin>,
    Path(id): Path<String>,
) -> Result<Json<AppView>, Problem> {
    Ok(Json(admin.registry.show(&AppId::new(id)).await?))
}
