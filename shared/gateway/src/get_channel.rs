//! `GET /apps/{app_id}/channels/{channel}`: how one channel stands; and the older `/stats`.

use axum::Json;
use axum::extract::State;
use channels::get_channel::check;
use channels::{App, GetChannel};
use identity::Facts;
use serde_json::{Value, json};
use service::Outbox;
use store::Store;

use crate::clock;
use crate::plain::Plain;
use crate::push::Push;
use crate::signed::Signed;
use crate::trigger_event::shown;

/// `ttl` is in seconds.
const MS_PER_S: u64 = 1_000;

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
        ("info" = Option<String>, Query, description = "`user_count` (on presence channels), `subscription_count`, `cache` (on cache channels)"),
    ),
    responses(
        (status = 200, description = "`occupied`, and the counts that `info` asked for", body = Value),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn get_channel<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<Value>, Plain> {
    let ask = check(signed.segment("channel"), signed.parameter("info"))?;
    show(&push, &signed.app, &ask).await
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
    ),
    security(("pusher" = []))
)]
pub(crate) async fn channel_stats<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<Value>, Plain> {
    let ask = check(signed.segment("channel"), Some("user_count,subscription_count"))?;
    show(&push, &signed.app, &ask).await
}

async fn show<S: Store, O: Outbox, F: Facts + 'static>(
    push: &Push<S, O, F>,
    app: &App,
    ask: &GetChannel,
) -> Result<Json<Value>, Plain> {
    let counts = push.service.get_channel(app, &ask.channel).await?;
    let mut answer = shown(ask.info, &ask.channel, counts);
    answer["occupied"] = (counts.subscriptions > 0).into();
    if ask.cache {
        let cached = push.service.cached(app, &ask.channel, clock::now_ms()).await?;
        answer["cache"] = cached.map_or(
            Value::Null,
            |cached| json!({ "data": cached.event.data, "ttl": cached.ttl_ms / MS_PER_S }),
        );
    }
    Ok(Json(answer))
}
