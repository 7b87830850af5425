//! `POST /api/series/{id}/stop`.

use axum::Json;
use axum::extract::State;
use posts::{Series, SeriesId};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Ends a series
///
/// Its next post stays as it is: cancel it if it is not wanted.
#[utoipa::path(
    post,
    path = "/api/series/{id}/stop",
    tag = "series",
    params(("id" = String, Path, description = "The series")),
    responses(
        (status = 200, description = "The series as it is now", body = Series),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such thing, or not for the caller", body = ErrorBody),
        (status = 409, description = "It has ended already", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn stop_series<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<SeriesId>,
) -> Result<Json<Series>, Problem> {
    let done = desk.publishing.stop_series(&caller(&user)?, &id).await?;
    Ok(Json(done))
}
