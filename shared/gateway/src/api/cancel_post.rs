//! `POST /api/posts/{id}/cancel`.

use axum::Json;
use axum::extract::State;
use posts::{PostId, PostView};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Stops a scheduled post
#[utoipa::path(
    post,
    path = "/api/posts/{id}/cancel",
    tag = "posts",
    params(("id" = String, Path, description = "The post")),
    responses(
        (status = 200, description = "The post as it is now", body = PostView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such post, or not for the caller", body = ErrorBody),
        (status = 409, description = "It is being published already, or over", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn cancel_post<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<PostId>,
) -> Result<Json<PostView>, Problem> {
    let now = clock::now();
    Ok(Json(desk.publishing.cancel_post(&caller(&user)?, &id, now).await?))
}
