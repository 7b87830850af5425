//! Lambda's Invoke API, and asynchronous invocations with their retries.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;

use crate::api::{World, refused};
use crate::functions::{FUNCTIONS, Outcome};
use crate::serve::{Reply, bytes, empty};

/// What paths of the Invoke API begin with.
pub(crate) const PREFIX: &str = "/2015-03-31/functions/";
/// The largest event of an invocation that is waited for, in bytes (Lambda quotas: 6 MB).
const EVENT_BYTES: usize = 6 << 20;
/// The largest event of an asynchronous one (Lambda quotas: 1 MB).
const ASYNC_EVENT_BYTES: usize = 1 << 20;

/// The function that a path names, by name or ARN.
pub(crate) fn function_of(path: &str) -> Option<String> {
    let name = path.strip_prefix(PREFIX)?.strip_suffix("/invocations")?;
    let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
    let last = name.split_once(":function:").map_or(&*name, |(_, it)| it);
    Some(last.split(':').next().unwrap_or(last).to_owned())
}

/// `Invoke`.
pub(crate) async fn invoke(world: &Arc<World>, name: &str, parts: &Parts, event: Bytes) -> Reply {
    if !FUNCTIONS.contains(&name) {
        let why = format!("Function not found: {name}");
        return refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", &why);
    }
    let kind = parts.headers.get("x-amz-invocation-type").and_then(|it| it.to_str().ok());
    let most = if kind == Some("Event") { ASYNC_EVENT_BYTES } else { EVENT_BYTES };
    if event.len() > most {
        let why = format!("{} byte payload is too large", event.len());
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &why);
    }
    match kind {
        Some("Event") => {
            later(world, name, event);
            empty(StatusCode::ACCEPTED)
        }
        Some("DryRun") => empty(StatusCode::NO_CONTENT),
        _ => answered(world.functions.invoke(name, event).await),
    }
}

fn answered(outcome: Outcome) -> Reply {
    let (body, failed) = match outcome {
        Outcome::Answered(body) => (body, false),
        Outcome::Failed(body) => (body, true),
    };
    let mut reply = bytes(StatusCode::OK, "application/json", body);
    let headers = reply.headers_mut();
    headers.insert("x-amz-executed-version", HeaderValue::from_static("$LATEST"));
    if failed {
        headers.insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
    }
    reply
}

/// Invokes a function some time; up to three times until it does not fail.
pub(crate) fn later(world: &Arc<World>, name: &str, event: Bytes) {
    let (world, name) = (Arc::clone(world), name.to_owned());
    let mut busy = Some(world.activity.begin());
    tokio::spawn(async move {
        let delays = world.settings.of(|it| it.async_retry_ms);
        for delay in delays.map(Some).into_iter().chain([None]) {
            let outcome = world.functions.invoke(&name, event.clone()).await;
            // What waits for its next attempt is not under way.
            busy = None;
            let Outcome::Failed(why) = outcome else { return };
            let why = String::from_utf8_lossy(&why).into_owned();
            tracing::warn!(function = name, why, "an asynchronous invocation failed");
            let Some(ms) = delay else { break };
            tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
        }
        drop(busy);
        tracing::error!(function = name, "an event was given up after three attempts");
    });
}
