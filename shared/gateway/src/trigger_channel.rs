//! `POST /apps/{app_id}/channels/{channel}/events`: the older form of an event to one channel.

use axum::extract::State;
use axum::http::StatusCode;
use channels::publish::{Trigger, check};
use identity::Facts;
use service::Outbox;
use store::Store;

use crate::clock;
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
    ),
    request_body(content = String, description = "The data, passed on unchanged", content_type = "text/plain"),
    responses(
        (status = 202, description = "Published", body = str),
        (status = 400, description = "Something is wrong; a sentence says what", body = str),
        (status = 401, description = "The signature is wrong; a sentence says what to sign", body = str),
        (status = 403, description = "The app is disabled", body = str),
        (status = 404, description = "No such app", body = str),
        (status = 413, description = "The data is too large", body = str),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn trigger_channel<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<(StatusCode, &'static str), Plain> {
    let trigger = Trigger {
        name: signed.parameter("name").unwrap_or_default().to_owned(),
        channels: vec![signed.segment("channel").to_owned()],
        channel: None,
        data: signed.text()?,
        socket_id: signed.parameter("socket_id").map(str::to_owned),
        info: None,
    };
    push.service.publish(&signed.app, &check(&signed.app, trigger)?, clock::now_ms()).await?;
    Ok((StatusCode::ACCEPTED, "202 ACCEPTED\n"))
}
