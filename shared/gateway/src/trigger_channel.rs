//! `POST /apps/{app_id}/channels/{channel}/events`: the older form of an event to one channel.

use axum::extract::State;
use axum::http::StatusCode;
use channels::publish::{Trigger, check};
use identity::Facts;
use serde_json::Value;
use service::Outbox;
use store::Store;

use crate::clock;
use crate::idempotency::IdempotencyKey;
use crate::plain::Plain;
use crate::push::Push;
use crate::signed::Signed;

/// Publishes an event to the channel of the path
///
/// The form before `/events`: the body is the data, the query names the event.
#[utoipa::path(
    post,
    path = "/apps/{app_id}/channels/{channel}/events",
    tag = "pusher",
    params(
        ("app_id" = String, Path, description = "The app"),
        ("channel" = String, Path, description = "The channel"),
        ("name" = String, Query, description = "The event's name"),
        ("socket_id" = Option<String>, Query, description = "A socket that shall not receive it"),
        IdempotencyKey,
    ),
    request_body(content = String, description = "The data, passed on unchanged", content_type = "text/plain"),
    responses(
        (status = 202, description = "Published", body = str),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn trigger_channel<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<(StatusCode, &'static str), Plain> {
    push.once(signed, publish).await?;
    Ok((StatusCode::ACCEPTED, "202 ACCEPTED\n"))
}

async fn publish<S: Store, O: Outbox, F: Facts + 'static>(
    push: Push<S, O, F>,
    signed: Signed,
) -> Result<Value, Plain> {
    let trigger = Trigger {
        name: signed.parameter("name").unwrap_or_default().to_owned(),
        channels: vec![signed.segment("channel").to_owned()],
        channel: None,
        data: signed.text()?,
        socket_id: signed.parameter("socket_id").map(str::to_owned),
        info: None,
    };
    push.service.publish(&signed.app, &check(&signed.app, trigger)?, clock::now_ms()).await?;
    Ok(Value::Null)
}
