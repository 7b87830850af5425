//! `POST /api/series`.

use axum::Json;
use axum::extract::State;
use posts::NewSeries;
use publishing::{Announcer, PublishTo, SeriesView};

use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::json::JsonBody;
use crate::problem::{ErrorBody, Problem};

/// Creates a series: a post that comes again and again
///
/// Its times are wall times of its zone. Each occurrence is a post of its own; what was missed is not made up for.
#[utoipa::path(
    post,
    path = "/api/series",
    tag = "series",
    request_body = NewSeries,
    responses(
        (status = 201, description = "The series", body = SeriesView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn create_series<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    JsonBody(body): JsonBody<NewSeries>,
) -> Result<(axum::http::StatusCode, Json<SeriesView>), Problem> {
    let now = clock::now();
    let done = desk.publishing.create_series(&caller(&user)?, body, now).await?;
    Ok((axum::http::StatusCode::CREATED, Json(done)))
}
