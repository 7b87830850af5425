//! `GET /api/admin/webhooks/{id}`.

use axum::Json;
use axum::extract::{Path, State};
use webhooks::DeliveryId;

use super::list_dead::DeadLetter;
use super::{Admin, Operator};
use crate::problem::{ErrorBody, Problem};

/// Shows a dead letter with its events
#[utoipa::path(
    get,
    path = "/api/admin/webhooks/{id}",
    tag = "admin",
    params(("id" = String, Path, description = "The delivery")),
    responses(
        (status = 200, description = "The dead letter", body = DeadLetter),
        (status = 401, description = "Not the admin key", body = ErrorBody),
        (status = 404, description = "No such dead letter", body = ErrorBody),
    ),
    security(("admin" = []))
)]
pub(super) async fn show_dead(
    _: Operator,
    State(admin): State<Admin>,
    Path(id): Path<String>,
) -> Result<Json<DeadLetter>, Problem> {
    let delivery = admin.notifier.show_dead(&DeliveryId::new(id)).await?;
    Ok(Json(DeadLetter::whole(delivery)))
}
