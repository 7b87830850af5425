//! `GET /api/posts/{id}`.

use axum::Json;
use axum::extract::State;
use posts::{PostId, PostView};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Shows a post
#[utoipa::path(
    get,
    path = "/api/posts/{id}",
    tag = "posts",
    params(("id" = String, Path, description = "The post")),
    responses(
        (status = 200, description = "The post with its deliveries", body = PostView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such post, or not for the caller", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn get_post<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<PostId>,
) -> Result<Json<PostView>, Problem> {
    Ok(Json(desk.publishing.get_post(&caller(&user)?, &id).await?))
}
