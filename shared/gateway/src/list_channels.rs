//! `GET /apps/{app_id}/channels`: the occupied channels.

use axum::Json;
use axum::extract::State;
use channels::list_channels::check;
use identity::Facts;
use serde_json::{Map, Value, json};
use service::Outbox;
use store::Store;

use crate::plain::Plain;
use crate::push::Push;
use crate::signed::Signed;
use crate::trigger_event::shown;

/// Lists occupied channels
///
/// As Pusher's HTTP API.
#[utoipa::path(
    get,
    path = "/apps/{app_id}/channels",
    tag = "pusher",
    params(
        ("app_id" = String, Path, description = "The app"),
        ("filter_by_prefix" = Option<String>, Query, description = "How the names begin"),
        ("info" = Option<String>, Query, description = "`user_count` (presence channels only), `subscription_count`"),
    ),
    responses(
        (status = 200, description = "`channels`: an object by name", body = Value),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn list_channels<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<Value>, Plain> {
    let ask = check(signed.parameter("filter_by_prefix"), signed.parameter("info"))?;
    let found = push.service.list_channels(&signed.app, &ask).await?;
    let channels = found.iter().map(|(name, counts)| {
        let shown = shown(ask.info, name, *counts);
        (name.to_string(), shown)
    });
    Ok(Json(json!({ "channels": channels.collect::<Map<_, _>>() })))
}
