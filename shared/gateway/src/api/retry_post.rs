//! `POST /api/posts/{id}/retry`.

use axum::Json;
use axum::extract::State;
use posts::{PostId, PostView};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Publishes what failed of a post again
///
/// What is published, and what nobody can tell about, stays as it is.
#[utoipa::path(
    post,
    path = "/api/posts/{id}/retry",
    tag = "posts",
    params(("id" = String, Path, description = "The post")),
    responses(
        (status = 200, description = "The post as it is now", body = PostView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such thing, or not for the caller", body = ErrorBody),
        (status = 409, description = "Nothing of it failed, or it is being published", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn retry_post<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<PostId>,
) -> Result<Json<PostView>, Problem> {
    let now = clock::now();
    Ok(Json(desk.publishing.retry_post(&caller(&user)?, &id, now).await?))
}
