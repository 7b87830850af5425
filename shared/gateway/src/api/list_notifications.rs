//! `GET /api/notifications`.

use axum::Json;
use axum::extract::State;
use publishing::{Announcer, Notifications, PublishTo};

use super::{Desk, caller};
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Lists the caller's notifications
///
/// The newest first, at most 100.
#[utoipa::path(
    get,
    path = "/api/notifications",
    tag = "notifications",
    responses(
        (status = 200, description = "The notifications", body = Notifications),
        (status = 401, description = "Not signed in", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn list_notifications<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
) -> Result<Json<Notifications>, Problem> {
    let done = desk.publishing.list_notifications(&caller(&user)?).await?;
    Ok(Json(done))
}
