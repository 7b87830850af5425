//! `PATCH /api/posts/{id}`.

use axum::Json;
use axum::extract::State;
use posts::{PatchPost, PostId, PostView};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::tab::Tab;
use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::json::JsonBody;
use crate::problem::{ErrorBody, Problem};

/// Changes a post
///
/// What is left out stays as it is.
#[utoipa::path(
    patch,
    path = "/api/posts/{id}",
    tag = "posts",
    params(
        ("id" = String, Path, description = "The post"),
        ("X-Socket-Id" = Option<String>, Header, description = "The socket that need not hear of it"),
    ),
    request_body = PatchPost,
    responses(
        (status = 200, description = "The post as it is now", body = PostView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such post, or not for the caller", body = ErrorBody),
        (status = 409, description = "It is being published already, or someone else changed it", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn edit_post<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<PostId>,
    tab: Tab,
    JsonBody(patch): JsonBody<PatchPost>,
) -> Result<Json<PostView>, Problem> {
    let (caller, socket, now) = (caller(&user)?, tab.socket(), clock::now());
    Ok(Json(desk.publishing.edit_post(&caller, &id, patch, now, socket.as_deref()).await?))
}
