//! `POST /api/notifications/read`.

use axum::Json;
use axum::extract::State;
use publishing::{Announcer, Notifications, PublishTo};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::json::JsonBody;
use crate::problem::{ErrorBody, Problem};

/// Which notifications were read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadNotifications {
    /// Their ids; all of them if left out.
    #[serde(default)]
    ids: Vec<String>,
}

/// Marks notifications as read
#[utoipa::path(
    post,
    path = "/api/notifications/read",
    tag = "notifications",
    request_body = ReadNotifications,
    responses(
        (status = 200, description = "The notifications as they are now", body = Notifications),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn read_notifications<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    JsonBody(body): JsonBody<ReadNotifications>,
) -> Result<Json<Notifications>, Problem> {
    let now = clock::now();
    let done = desk.publishing.read_notifications(&caller(&user)?, &body.ids, now).await?;
    Ok(Json(done))
}
