//! `POST /api/posts`.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use posts::{NewPost, PostView};
use publishing::{Announcer, PublishTo};

use super::tab::Tab;
use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::json::JsonBody;
use crate::problem::{ErrorBody, Problem};

/// Creates a post
///
/// With a time it is scheduled, without one it is a draft.
#[utoipa::path(
    post,
    path = "/api/posts",
    tag = "posts",
    params(("X-Socket-Id" = Option<String>, Header, description = "The socket that need not hear of it")),
    request_body = NewPost,
    responses(
        (status = 201, description = "The post", body = PostView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn create_post<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    tab: Tab,
    JsonBody(new): JsonBody<NewPost>,
) -> Result<Response, Problem> {
    let socket = tab.socket();
    let now = clock::now();
    let view = desk.publishing.create_post(&caller(&user)?, new, now, socket.as_deref()).await?;
    let location = [(header::LOCATION, format!("/api/posts/{}", view.post.id))];
    Ok((StatusCode::CREATED, location, Json(view)).into_response())
}
