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
        ("idempotency-key" = Option<String>, Header, description = "The same key and body within five minutes: the same answer, delivered once"),
    ),
    request_body(
        content = Value,
        description = "`name`, `channels` (at most 100), `data` (a string), optionally `socket_id` and `info`",
        content_type = "application/json"
    ),
    responses(
        (status = 200, description = "Published; `{}`, or the counts that `info` asked for", body = Value),
        (status = 400, description = "Something is wrong; a sentence says what", body = str),
        (status = 409, description = "A request with this Idempotency-Key is under way", body = str),
        (status = 401, description = "The signature is wrong; a sentence says what to sign", body = str),
        (status = 403, description = "The app is disabled", body = str),
        (status = 404, description = "No such app", body = str),
        (status = 413, description = "The data is too large", body = str),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn trigger_event<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<Value>, Plain> {
    let (claim, answers) = (signed.claim.clone(), push.answers.clone());
    let work = async move {
        let publish = check(&signed.app, signed.json::<Trigger>()?)?;
        let counts = push.service.publish(&signed.app, &publish, clock::now_ms()).await?;
        Ok(answer(publish.info, &counts))
    };
    answers.once(claim, work).await.map(Json)
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
