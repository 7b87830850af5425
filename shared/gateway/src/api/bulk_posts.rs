//! `POST /api/posts/bulk`.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use posts::{Job, NewPosts};
use publishing::{Announcer, PublishTo};

use super::{Desk, caller};
use crate::body::{BULK_BYTES, read};
use crate::clock;
use crate::door::SignedIn;
use crate::json::{is_json, parse};
use crate::problem::{ErrorBody, Problem};

/// Creates many posts
///
/// At most 1,000, as JSON or as a table (`text/csv`, whose first row names its columns: `text`, `accounts` with spaces
/// between, `scheduled_at`, `tz`, `local_time`, `needs_approval`). Nothing is created if anything is wrong; every error
/// names its row, as `posts[3].text`. The answer is a job, whose progress is told as `job:status-changed`.
#[utoipa::path(
    post,
    path = "/api/posts/bulk",
    tag = "posts",
    request_body(content((NewPosts = "application/json"), (String = "text/csv"))),
    responses(
        (status = 202, description = "The job", body = Job),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 415, description = "Neither JSON nor a table", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn bulk_posts<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    request: Request,
) -> Result<(StatusCode, Json<Job>), Problem> {
    let (json, table) = (is_json(request.headers()), is_table(request.headers()));
    if !json && !table {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send the posts as application/json or text/csv, and say which in Content-Type",
        ));
    }
    let body = read(request.into_body(), BULK_BYTES).await?;
    let new = if json {
        parse(&body).map_err(|error| error.into_problem())?
    } else {
        NewPosts::of_csv(&body).map_err(Problem::invalid)?
    };
    let job = desk.publishing.bulk_posts(&caller(&user)?, new, clock::now()).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

fn is_table(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = content_type.and_then(|it| it.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("text/csv")
}
