//! `GET /api/workspace`.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use publishing::{Announcer, PublishTo, WorkspaceView};

use super::{Desk, caller, query};
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Reads what a workspace decided about its posts
#[utoipa::path(
    get,
    path = "/api/workspace",
    tag = "workspace",
    params(
        ("workspace_id" = Option<String>, Query, description = "May be left out by a member of exactly one"),
    ),
    responses(
        (status = 200, description = "The workspace", body = WorkspaceView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such workspace, or not for the caller", body = ErrorBody),
        (status = 422, description = "Something is wrong with the parameters named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn get_workspace<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    uri: Uri,
) -> Result<Json<WorkspaceView>, Problem> {
    let workspace = query::workspace_id(&uri)?;
    Ok(Json(desk.publishing.get_workspace(&caller(&user)?, workspace.as_ref()).await?))
}
