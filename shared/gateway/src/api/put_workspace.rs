//! `PUT /api/workspace`.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use posts::PutWorkspace;
use publishing::{Announcer, PublishTo, WorkspaceView};

use super::{Desk, caller, query};
use crate::clock;
use crate::door::SignedIn;
use crate::json::JsonBody;
use crate::problem::{ErrorBody, Problem};

/// Decides about the posts of a workspace
///
/// Every member may, as with its posts and accounts. It counts for posts that are published, or published again, from now on.
#[utoipa::path(
    put,
    path = "/api/workspace",
    tag = "workspace",
    params(
        ("workspace_id" = Option<String>, Query, description = "May be left out by a member of exactly one"),
    ),
    request_body = PutWorkspace,
    responses(
        (status = 200, description = "The workspace as it is now", body = WorkspaceView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such workspace, or not for the caller", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields or parameters named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn put_workspace<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    uri: Uri,
    JsonBody(body): JsonBody<PutWorkspace>,
) -> Result<Json<WorkspaceView>, Problem> {
    let (workspace, now) = (query::workspace_id(&uri)?, clock::now());
    let caller = caller(&user)?;
    Ok(Json(desk.publishing.put_workspace(&caller, workspace.as_ref(), &body, now).await?))
}
