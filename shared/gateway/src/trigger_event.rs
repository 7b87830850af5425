//! `POST /apps/{app_id}/events`: one event to up to 100 channels.

use axum::Json;
use axum::extract::State;
use channels::publish::{Trigger, check};
use channels::{Counts, Info};
use identity::Facts;
use protocol::ChannelName;
use serde_json::{Map, Value, json};
use service::Outbox;
use store::Store;

use crate::clock;
use crate::idempotency::IdempotencyKey;
use crate::plain::Plain;
use crate::push::Push;
use crate::signed::Signed;

/// Publishes an event
///
/// As Pusher's HTTP API: the query carries the signature. Any Pusher server SDK does this.
#[utoipa::path(
    post,
    path = "/apps/{app_id}/events",
    tag = "pusher",
    params(
        ("app_id" = String, Path, description = "The app"),
        IdempotencyKey,
    ),
    request_body(
        content = Value,
        description = "`name`, `channels` (at most 100), `data` (a string), optionally `socket_id` and `info`",
        content_type = "application/json"
    ),
    responses(
        (status = 200, description = "Published; `{}`, or the counts that `info` asked for", body = Value),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn trigger_event<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<Value>, Plain> {
    push.once(signed, publish).await.map(Json)
}

async fn publish<S: Store, O: Outbox, F: Facts + 'static>(
    push: Push<S, O, F>,
    signed: Signed,
) -> Result<Value, Plain> {
    let publish = check(&signed.app, signed.json::<Trigger>()?)?;
    let counts = push.service.publish(&signed.app, &publish, clock::now_ms()).await?;
    Ok(answer(publish.info, &counts))
}

/// `{}` exactly unless counts were asked for: the SDKs' own tests compare the whole body.
fn answer(info: Info, counts: &[(ChannelName, Counts)]) -> Value {
    if !info.any() {
        return json!({});
    }
    let channels =
        counts.iter().map(|(name, counts)| (name.to_string(), shown(info, name, *counts)));
    json!({ "channels": channels.collect::<Map<_, _>>() })
}

/// The counts of one channel; users are counted on presence channels only.
pub(crate) fn shown(info: Info, channel: &ChannelName, counts: Counts) -> Value {
    let mut shown = Map::new();
    if info.subscription_count {
        shown.insert("subscription_count".into(), counts.subscriptions.into());
    }
    if info.user_count && channel.is_presence() {
        shown.insert("user_count".into(), counts.users.into());
    }
    Value::Object(shown)
}
