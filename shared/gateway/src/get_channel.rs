//! `GET /apps/{app_id}/channels/{channel}`: how one channel stands; and the older `/stats`.

use axum::Json;
use axum::extract::State;
use channels::{App, Info};
use identity::Facts;
use protocol::ChannelName;
use serde_json::Value;
use service::Outbox;
use store::Store;

use crate::plain::Plain;
use crate::push::Push;
use crate::signed::Signed;
use crate::trigger_event::shown;

/// Shows a channel
///
/// As Pusher's HTTP API. A channel on which nobody is is not occupied; that is no error.
#[utoipa::path(
    get,
    path = "/apps/{app_id}/channels/{channel}",
    tag = "pusher",
    params(
        ("app_id" = String, Path, description = "The app"),
        ("channel" = String, Path, description = "The channel"),
        ("info" = Option<String>, Query, description = "`user_count` (on presence channels), `subscription_count`"),
    ),
    responses(
        (status = 200, description = "`occupied`, and the counts that `info` asked for", body = Value),
        (status = 400, description = "Something is wrong; a sentence says what", body = str),
        (status = 401, description = "The signature is wrong; a sentence says what to sign", body = str),
        (status = 403, description = "The app is disabled", body = str),
        (status = 404, description = "No such app", body = str),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn get_channel<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<Value>, Plain> {
    let info = Info::parse(signed.parameter("info").unwrap_or_default())?;
    show(&push, &signed.app, signed.segment("channel"), info).await
}

/// Counts who is on a channel
///
/// The older form of showing a channel, with all counts.
#[utoipa::path(
    get,
    path = "/apps/{app_id}/channels/{channel}/stats",
    tag = "pusher",
    params(
        ("app_id" = String, Path, description = "The app"),
        ("channel" = String, Path, description = "The channel"),
    ),
    responses(
        (status = 200, description = "`occupied` and the counts", body = Value),
        (status = 400, description = "Something is wrong; a sentence says what", body = str),
        (status = 401, description = "The signature is wrong; a sentence says what to sign", body = str),
        (status = 403, description = "The app is disabled", body = str),
        (status = 404, description = "No such app", body = str),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn channel_stats<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<Value>, Plain> {
    let all = Info { user_count: true, subscription_count: true };
    show(&push, &signed.app, signed.segment("channel"), all).await
}

async fn show<S: Store, O: Outbox, F: Facts + 'static>(
    push: &Push<S, O, F>,
    app: &App,
    channel: &str,
    info: Info,
) -> Result<Json<Value>, Plain> {
    let channel = ChannelName::parse(channel).map_err(|e| Plain::bad(e.to_string()))?;
    let counts = push.service.get_channel(app, &channel).await?;
    let mut answer = shown(info, &channel, counts);
    answer["occupied"] = (counts.subscriptions > 0).into();
    Ok(Json(answer))
}
