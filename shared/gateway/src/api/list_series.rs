//! `GET /api/series`.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use publishing::{Announcer, PublishTo};
use serde::Serialize;
use utoipa::ToSchema;

use super::query;
use super::{Desk, caller};
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Series of a workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesList {
    series: Vec<posts::Series>,
}

/// Lists the series of a workspace
///
/// The newest first, at most 100.
#[utoipa::path(
    get,
    path = "/api/series",
    tag = "series",
    params(("workspace_id" = Option<String>, Query, description = "May be left out by a member of exactly one")),
    responses(
        (status = 200, description = "The series", body = SeriesList),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such thing, or not for the caller", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn list_series<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    uri: Uri,
) -> Result<Json<SeriesList>, Problem> {
    let done =
        desk.publishing.list_series(&caller(&user)?, query::workspace_id(&uri)?.as_ref()).await?;
    Ok(Json(SeriesList { series: done }))
}
