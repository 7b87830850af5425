//! `GET /api/posts`.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use posts::PostStatus;
use publishing::{Announcer, Page, PublishTo};

use super::{Desk, caller, query};
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Lists posts
///
/// A page at a time, those due last first.
#[utoipa::path(
    get,
    path = "/api/posts",
    tag = "posts",
    params(
        ("workspace_id" = Option<String>, Query, description = "May be left out by a member of exactly one"),
        ("status" = Option<PostStatus>, Query, description = "Only posts in this stage"),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, description = "At most this many, 1 to 100; 25 if left out"),
    ),
    responses(
        (status = 200, description = "A page; without `next_cursor` it is the last one", body = Page),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such workspace, or not for the caller", body = ErrorBody),
        (status = 422, description = "Something is wrong with the parameters named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn list_posts<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    uri: Uri,
) -> Result<Json<Page>, Problem> {
    let ask = query::list_posts(&uri)?;
    Ok(Json(desk.publishing.list_posts(&caller(&user)?, ask).await?))
}
