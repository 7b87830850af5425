//! `GET /api/series/{id}`.

use axum::Json;
use axum::extract::State;
use posts::{Series, SeriesId};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Reads a series
#[utoipa::path(
    get,
    path = "/api/series/{id}",
    tag = "series",
    params(("id" = String, Path, description = "The series")),
    responses(
        (status = 200, description = "The series", body = Series),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such thing, or not for the caller", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn get_series<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<SeriesId>,
) -> Result<Json<Series>, Problem> {
    let done = desk.publishing.get_series(&caller(&user)?, &id).await?;
    Ok(Json(done))
}
