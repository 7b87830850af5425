//! `GET /api/jobs/{id}`.

use axum::Json;
use axum::extract::State;
use posts::{Job, JobId};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Reads a job
#[utoipa::path(
    get,
    path = "/api/jobs/{id}",
    tag = "posts",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The job as it is now", body = Job),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such thing, or not for the caller", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn get_job<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<JobId>,
) -> Result<Json<Job>, Problem> {
    let done = desk.publishing.get_job(&caller(&user)?, &id).await?;
    Ok(Json(done))
}
