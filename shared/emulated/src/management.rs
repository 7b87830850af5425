//! The `@connections` API: post to a connection, ask about it, end it.

use bytes::Bytes;
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;
use throttle::{Bucket, Rate};

use std::sync::{Mutex, PoisonError};

use crate::api::{World, refused};
use crate::ids;
use crate::serve::{Reply, empty, json};
use crate::sockets::Posted;

/// What stands before the connection's id in a path.
const MARK: &str = "/@connections/";
/// The largest message, in bytes (API Gateway quotas: 128 KB).
const MESSAGE_BYTES: usize = 128 << 10;

/// Counts calls.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Bucket>);

/// The connection that a path names.
pub(crate) fn connection_of(path: &str) -> Option<String> {
    let (_, id) = path.split_once(MARK)?;
    Some(percent_decode_str(id).decode_utf8_lossy().into_owned())
}

/// Answers a call.
pub(crate) fn call(world: &World, method: &Method, id: &str, body: &Bytes) -> Reply {
    let rate = Rate::per_second(world.settings.of(|it| it.management_rate));
    let mut bucket = world.meter.0.lock().unwrap_or_else(PoisonError::into_inner);
    if bucket.take(rate, ids::now_ms()).is_err() {
        return limited();
    }
    drop(bucket);
    if !ids::is_connection(id) {
        let why = format!("Invalid connectionId: {id}");
        return refused(StatusCode::BAD_REQUEST, "BadRequestException", &why);
    }
    if body.len() > MESSAGE_BYTES {
        let why = "Message too long";
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException", why);
    }
    match *method {
        Method::POST => {
            let text = String::from_utf8_lossy(body).into_owned();
            match world.sockets.post(id, text) {
                Posted::Done => empty(StatusCode::OK),
                Posted::Full => limited(),
                Posted::Gone => gone(),
            }
        }
        Method::GET => match world.sockets.about(id) {
            Some((connection, active_ms)) => {
                let agent = connection.user_agent.unwrap_or_default();
                let identity = json!({ "sourceIp": connection.source_ip, "userAgent": agent });
                let about = json!({
                    "connectedAt": ids::rfc3339(connection.connected_at_ms),
                    "identity": identity,
                    "lastActiveAt": ids::rfc3339(active_ms),
                });
                json(StatusCode::OK, &about)
            }
            None => gone(),
        },
        Method::DELETE if world.sockets.delete(id) => empty(StatusCode::NO_CONTENT),
        Method::DELETE => gone(),
        _ => refused(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden"),
    }
}

fn gone() -> Reply {
    refused(StatusCode::GONE, "GoneException", "Gone")
}

/// Also what a client gets who does not read: its buffer is full.
fn limited() -> Reply {
    refused(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", "Too Many Requests")
}
