//! What a client missed: the history of a channel, for servers by signature and for users by policy.

use auth::query_params;
use axum::Json;
use axum::extract::{RawPathParams, RawQuery, State};
use axum::http::StatusCode;
use channels::events_after::check;
use channels::{App, EventsAfter, Missed};
use identity::Facts;
use serde::Serialize;
use serde_json::value::RawValue;
use service::{Outbox, Service};
use store::Store;
use utoipa::ToSchema;

use crate::authorize_channel;
use crate::clock;
use crate::door::SignedIn;
use crate::plain::Plain;
use crate::problem::{ErrorBody, Problem};
use crate::push::Push;
use crate::sign::Sign;
use crate::signed::Signed;

/// What a history holds after a serial.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MissedEvents {
    /// The events as they went over the wire, each with its `serial`, oldest first.
    #[schema(value_type = Vec<serde_json::Value>)]
    events: Vec<Box<RawValue>>,
    /// Whether nothing after the serial had been forgotten. If not, look at the whole state again.
    complete: bool,
    /// Whether there are more: ask again, after the serial of the last one.
    more: bool,
}

impl MissedEvents {
    fn of(ask: &EventsAfter, missed: &Missed) -> Self {
        // Frames are JSON texts, so none is left out.
        let json = |bytes: &[u8]| serde_json::from_slice(bytes).ok();
        let frames = missed.events.iter().map(|event| event.frame(&ask.channel));
        let events = frames.filter_map(|frame| json(frame.as_bytes())).collect();
        Self { events, complete: missed.complete, more: missed.more }
    }
}

/// Answers what a channel's history holds, to a server
///
/// Ours, not Pusher's: for channels that the app's `history` names.
#[utoipa::path(
    get,
    path = "/apps/{app_id}/channels/{channel}/events",
    tag = "pusher",
    params(
        ("app_id" = String, Path, description = "The app"),
        ("channel" = String, Path, description = "The channel"),
        ("after" = Option<u64>, Query, description = "The serial of the last event seen; 0 for none"),
    ),
    responses(
        (status = 200, description = "The events, oldest first", body = MissedEvents),
        (status = 400, description = "The channel has no history", body = str),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn events_after<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<MissedEvents>, Plain> {
    let ask = check(&signed.app, signed.segment("channel"), signed.parameter("after"))?;
    Ok(Json(missed(&push.service, &signed.app, &ask).await?))
}

/// Answers what a channel's history holds, to a user
///
/// For who may subscribe to the channel. A page asks when it comes back, or every few seconds where
/// WebSockets do not work.
#[utoipa::path(
    get,
    path = "/api/channels/{channel}/events",
    tag = "channels",
    params(
        ("channel" = String, Path, description = "The channel"),
        ("after" = Option<u64>, Query, description = "The serial of the last event seen; 0 for none"),
        ("app_key" = Option<String>, Query, description = "A key of the app, where there are several"),
    ),
    responses(
        (status = 200, description = "The events, oldest first", body = MissedEvents),
        (status = 400, description = "The channel has no history", body = ErrorBody),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The user may not see this channel", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(crate) async fn user_events_after<S, O, F>(
    State(sign): State<Sign<S, O, F>>,
    SignedIn(user): SignedIn,
    path: RawPathParams,
    RawQuery(query): RawQuery,
) -> Result<Json<MissedEvents>, Problem>
where
    S: Store,
    O: Outbox,
    F: Facts + 'static,
{
    let query = query_params(&query.unwrap_or_default());
    let parameter = |name: &str| query.get(name).map(String::as_str);
    let channel = path.iter().find(|(name, _)| *name == "channel").map_or("", |(_, value)| value);
    let app = sign.app(parameter("app_key")).map_err(problem)?;
    let ask = check(&app, channel, parameter("after")).map_err(|e| problem(e.into()))?;
    authorize_channel::check(&sign.facts, &app, &user, &ask.channel).await.map_err(problem)?;
    let missed = missed(&sign.service, &app, &ask).await.map_err(|e| problem(e.into()))?;
    Ok(Json(missed))
}

async fn missed<S: Store, O: Outbox, F: Facts + 'static>(
    service: &Service<S, O, F>,
    app: &App,
    ask: &EventsAfter,
) -> Result<MissedEvents, store::Error> {
    let missed = service.events_after(app, ask, clock::now_ms()).await?;
    Ok(MissedEvents::of(ask, &missed))
}

/// The same refusal in the JSON API's shape.
fn problem(plain: Plain) -> Problem {
    let (status, message) = plain.into_parts();
    let code = match status {
        StatusCode::FORBIDDEN => "not_allowed",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        _ => "bad_request",
    };
    Problem::new(status, code, message)
}
