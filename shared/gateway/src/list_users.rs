//! `GET /apps/{app_id}/channels/{channel}/users`: who is on a presence channel.

use axum::Json;
use axum::extract::State;
use channels::list_users::check;
use identity::Facts;
use serde_json::{Value, json};
use service::Outbox;
use store::Store;

use crate::plain::Plain;
use crate::push::Push;
use crate::signed::Signed;

/// Lists the users on a presence channel
///
/// As Pusher's HTTP API. A channel on which nobody is has no users; that is no error.
#[utoipa::path(
    get,
    path = "/apps/{app_id}/channels/{channel}/users",
    tag = "pusher",
    params(
        ("app_id" = String, Path, description = "The app"),
        ("channel" = String, Path, description = "A presence channel"),
    ),
    responses(
        (status = 200, description = "`users`: a list of objects with an `id`", body = Value),
        (status = 400, description = "Not a presence channel", body = str),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn list_users<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<Value>, Plain> {
    let channel = check(signed.segment("channel"))?;
    let users = push.service.list_users(&signed.app, &channel).await?;
    let users: Vec<_> = users.iter().map(|id| json!({ "id": id })).collect();
    Ok(Json(json!({ "users": users })))
}
