//! `POST /api/deliveries/{id}/send-again`.

use axum::Json;
use axum::extract::State;
use posts::{DeliveryId, PostView};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Sends an unconfirmed delivery again
///
/// Look at the account first: it is there twice if the first attempt worked. The decision is recorded.
#[utoipa::path(
    post,
    path = "/api/deliveries/{id}/send-again",
    tag = "deliveries",
    params(("id" = String, Path, description = "The delivery")),
    responses(
        (status = 200, description = "The post as it is now", body = PostView),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such thing, or not for the caller", body = ErrorBody),
        (status = 409, description = "It was sent again too often", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn send_again<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<DeliveryId>,
) -> Result<Json<PostView>, Problem> {
    let now = clock::now();
    Ok(Json(desk.publishing.send_again(&caller(&user)?, &id, now).await?))
}
