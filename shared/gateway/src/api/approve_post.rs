//! `POST /api/posts/{id}/approve`.

use axum::Json;
use axum::extract::State;
use posts::{PostId, PostView};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Approves a post
///
/// For another member of the workspace than its author. It is then scheduled.
#[utoipa::path(
    post,
    path = "/api/posts/{id}/approve",
    tag = "posts",
    params(("id" = String, Path, description = "The post")),
    responses(
        (status = 200, description = "The post as it is now", body = PostView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such thing, or not for the caller", body = ErrorBody),
        (status = 409, description = "It does not wait for approval, is the caller's own, or its time is over", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn approve_post<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<PostId>,
) -> Result<Json<PostView>, Problem> {
    let now = clock::now();
    let done = desk.publishing.approve_post(&caller(&user)?, &id, now).await?;
    Ok(Json(done))
}
