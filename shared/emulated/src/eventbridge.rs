//! EventBridge: a bus, the rule that leads from it to the function `bridge`, and what was put on it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use serde_json::{Value, json};

use crate::api::{World, refused};
use crate::serve::{Reply, json};
use crate::{events, ids, lambda};

/// What the rule lets through: its pattern is `{"detail-type": ["pushbridge.trigger"]}`.
const DETAIL_TYPE: &str = "pushbridge.trigger";
/// Most entries of a call (EventBridge API reference, PutEvents).
const ENTRIES: usize = 10;
/// Most events that are remembered for who asks.
const REMEMBERED: usize = 1_000;

/// The last events on all buses.
#[derive(Debug, Default)]
pub(crate) struct Buses(Mutex<VecDeque<Value>>);

impl Buses {
    /// The last events, the oldest first.
    pub(crate) fn last(&self) -> Vec<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn remember(&self, event: Value) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == REMEMBERED {
            all.pop_front();
        }
        all.push_back(event);
    }
}

/// `PutEvents`. Entries fail one by one.
pub(crate) fn put_events(world: &Arc<World>, operation: &str, body: &Value) -> Reply {
    let entries = body["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if operation != "PutEvents" || entries.is_empty() || entries.len() > ENTRIES {
        let why = "Member must have length between 1 and 10";
        return refused(StatusCode::BAD_REQUEST, "ValidationException", why);
    }
    let results: Vec<_> = entries.iter().map(|entry| put(world, entry)).collect();
    let failed = results.iter().filter(|it| it.get("ErrorCode").is_some()).count();
    json(StatusCode::OK, &json!({ "FailedEntryCount": failed, "Entries": results }))
}

fn put(world: &Arc<World>, entry: &Value) -> Value {
    let text = |name: &str| entry[name].as_str().filter(|it| !it.is_empty());
    let (Some(source), Some(kind), Some(detail)) =
        (text("Source"), text("DetailType"), text("Detail"))
    else {
        let why = "Parameter Source, DetailType or Detail is missing.";
        return json!({ "ErrorCode": "InvalidArgument", "ErrorMessage": why });
    };
    let Ok(detail @ Value::Object(_)) = serde_json::from_str(detail) else {
        return json!({ "ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed." });
    };
    let id = ids::request();
    let event = events::envelope(&id, kind, source, ids::now_ms(), &[], detail);
    world.buses.remember(event.clone());
    if kind == DETAIL_TYPE {
        lambda::later(world, "bridge", event.to_string().into());
    }
    json!({ "EventId": id })
}
