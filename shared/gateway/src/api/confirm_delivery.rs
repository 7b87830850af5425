//! `POST /api/deliveries/{id}/confirm`.

use axum::Json;
use axum::extract::State;
use posts::{Confirm, DeliveryId, PostView};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::json::JsonBody;
use crate::problem::{ErrorBody, Problem};

/// Takes an unconfirmed delivery as published
///
/// For whoever looked at the account and saw it.
#[utoipa::path(
    post,
    path = "/api/deliveries/{id}/confirm",
    tag = "deliveries",
    params(("id" = String, Path, description = "The delivery")),
    request_body = Confirm,
    responses(
        (status = 200, description = "The post as it is now", body = PostView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such thing, or not for the caller", body = ErrorBody),
        (status = 409, description = "Its outcome is known already", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn confirm_delivery<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<DeliveryId>,
    JsonBody(body): JsonBody<Confirm>,
) -> Result<Json<PostView>, Problem> {
    let now = clock::now();
    Ok(Json(desk.publishing.confirm_delivery(&caller(&user)?, &id, body, now).await?))
}
