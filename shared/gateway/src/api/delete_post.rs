//! `DELETE /api/posts/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use posts::PostId;
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Deletes a post
#[utoipa::path(
    delete,
    path = "/api/posts/{id}",
    tag = "posts",
    params(("id" = String, Path, description = "The post")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such post, or not for the caller", body = ErrorBody),
        (status = 409, description = "It is being published", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn delete_post<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<PostId>,
) -> Result<StatusCode, Problem> {
    desk.publishing.delete_post(&caller(&user)?, &id, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
