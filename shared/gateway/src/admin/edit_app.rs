//! `PATCH /api/admin/apps/{id}`.

use apps::{AppView, PatchApp};
use axum::Json;
use axum::extract::{Path, State};
use protocol::AppId;

use super::{Admin, Operator};
use crate::json::JsonBody;
use crate::problem::{ErrorBody, Problem};

/// Changes an app
///
/// What is left out stays as it is; lists are replaced as a whole. Connections that are open see the app as it is then.
#[utoipa::path(
    patch,
    path = "/api/admin/apps/{id}",
    tag = "admin",
    params(("id" = String, Path, description = "The app")),
    request_body = PatchApp,
    responses(
        (status = 200, description = "The app as it is now", body = AppView),
        (status = 404, description = "No such app", body = ErrorBody),
        (status = 409, description = "It stands in the configuration, or was changed at the same time", body = ErrorBody),
    ),
    security(("admin" = []))
)]
pub(super) async fn edit_app(
    _: Operator,
    State(admin): State<Admin>,
    Path(id): Path<String>,
    JsonBody(patch): JsonBody<PatchApp>,
) -> Result<Json<AppView>, Problem> {
    let app = admin.registry.edit(&AppId::new(id), patch).await?;
    tracing::info!(target: "audit", app = app.id, "an app was changed");
    Ok(Json(app))
}
