//! `GET /api/admin/apps`.

use apps::AppView;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Admin, Operator};
use crate::problem::{ErrorBody, Problem};

/// All apps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppList {
    apps: Vec<AppView>,
}

/// Lists the apps
///
/// Those of the configuration, then those of the table; without secrets.
#[utoipa::path(
    get,
    path = "/api/admin/apps",
    tag = "admin",
    responses(
        (status = 200, description = "The apps", body = AppList),
        (status = 401, description = "Not the admin key", body = ErrorBody),
        (status = 503, description = "No admin key is configured", body = ErrorBody),
    ),
    security(("admin" = []))
)]
pub(super) async fn list_apps(
    _: Operator,
    State(admin): State<Admin>,
) -> Result<Json<AppList>, Problem> {
    Ok(Json(AppList { apps: admin.registry.list().await? }))
}
