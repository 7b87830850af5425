//! `POST /api/posts/{id}/reject`.

use axum::Json;
use axum::extract::State;
use posts::{PostId, PostView, Reject};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::json::JsonBody;
use crate::problem::{ErrorBody, Problem};

/// Rejects a post that waits for approval
///
/// It is a draft again, and its author hears why.
#[utoipa::path(
    post,
    path = "/api/posts/{id}/reject",
    tag = "posts",
    params(("id" = String, Path, description = "The post")),
    request_body = Reject,
    responses(
        (status = 200, description = "The post as it is now", body = PostView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such thing, or not for the caller", body = ErrorBody),
        (status = 409, description = "It does not wait for approval, or is the caller's own", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn reject_post<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<PostId>,
    JsonBody(body): JsonBody<Reject>,
) -> Result<Json<PostView>, Problem> {
    let now = clock::now();
    let done = desk.publishing.reject_post(&caller(&user)?, &id, body, now).await?;
    Ok(Json(done))
}
