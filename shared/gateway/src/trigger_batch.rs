//! `POST /apps/{app_id}/batch_events`: up to ten events, each to one channel.

use axum::Json;
use axum::extract::State;
use channels::publish::{Trigger, check};
use channels::{App, Publish};
use identity::Facts;
use serde::Deserialize;
use serde_json::{Value, json};
use service::Outbox;
use store::Store;

use crate::clock;
use crate::idempotency::IdempotencyKey;
use crate::plain::Plain;
use crate::push::Push;
use crate::signed::Signed;
use crate::trigger_event::shown;

/// Most events of one batch (docs, HTTP API).
const EVENTS_PER_BATCH: usize = 10;

#[derive(Deserialize)]
struct Batch {
    batch: Vec<Trigger>,
}

/// Publishes up to ten events
///
/// As Pusher's HTTP API. All are checked before the first is sent.
#[utoipa::path(
    post,
    path = "/apps/{app_id}/batch_events",
    tag = "pusher",
    params(
        ("app_id" = String, Path, description = "The app"),
        IdempotencyKey,
    ),
    request_body(
        content = Value,
        description = "`batch`: a list of `name`, `channel`, `data`, optionally `socket_id` and `info`",
        content_type = "application/json"
    ),
    responses(
        (status = 200, description = "Published; `{}`, or one object of counts per event", body = Value),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn trigger_batch<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<Value>, Plain> {
    push.once(signed, publish).await.map(Json)
}

async fn publish<S: Store, O: Outbox, F: Facts + 'static>(
    push: Push<S, O, F>,
    signed: Signed,
) -> Result<Value, Plain> {
    let events = check_all(&signed.app, signed.json::<Batch>()?)?;
    let mut answers = Vec::with_capacity(events.len());
    for publish in &events {
        let counts = push.service.publish(&signed.app, publish, clock::now_ms()).await?;
        let counts = counts.first().map(|(name, counts)| shown(publish.info, name, *counts));
        answers.push(counts.unwrap_or_else(|| json!({})));
    }
    let asked = events.iter().any(|publish| publish.info.any());
    Ok(if asked { json!({ "batch": answers }) } else { json!({}) })
}

fn check_all(app: &App, batch: Batch) -> Result<Vec<Publish>, Plain> {
    if batch.batch.len() > EVENTS_PER_BATCH {
        return Err(Plain::bad(format!("Too many events: at most {EVENTS_PER_BATCH} per batch")));
    }
    let events = batch.batch.into_iter().map(|event| {
        let publish = check(app, event)?;
        if publish.channels.len() > 1 {
            return Err(Plain::bad("Each event of a batch names one channel, as 'channel'"));
        }
        Ok(publish)
    });
    events.collect()
}
