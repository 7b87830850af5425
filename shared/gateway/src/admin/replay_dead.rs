//! `POST /api/admin/webhooks/{id}/replay`.

use axum::Json;
use axum::extract::{Path, State};
use webhooks::DeliveryId;

use super::list_dead::DeadLetter;
use super::{Admin, Operator};
use crate::clock;
use crate::problem::{ErrorBody, Problem};

/// Sends a dead letter again
///
/// Under its old name, and for another five minutes if need be.
#[utoipa::path(
    post,
    path = "/api/admin/webhooks/{id}/replay",
    tag = "admin",
    params(("id" = String, Path, description = "The delivery")),
    responses(
        (status = 200, description = "It is on its way", body = DeadLetter),
        (status = 401, description = "Not the admin key", body = ErrorBody),
        (status = 404, description = "No such dead letter", body = ErrorBody),
    ),
    security(("admin" = []))
)]
pub(super) async fn replay_dead(
    _: Operator,
    State(admin): State<Admin>,
    Path(id): Path<String>,
) -> Result<Json<DeadLetter>, Problem> {
    let delivery = admin.notifier.replay(&DeliveryId::new(id), clock::now()).await?;
    tracing::info!(target: "audit", delivery = %delivery.id, "a dead letter is sent again");
    Ok(Json(delivery.into()))
}
