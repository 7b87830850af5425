//! Events of a bus become events on channels.

use std::sync::Arc;

use channels::publish::{Refusal, Trigger, check};
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::around::Around;
use crate::host::{Host, now_ms};
use crate::start::{Start, StartError};

/// An event (EventBridge user guide, "Event structure reference").
#[derive(Debug, Deserialize)]
struct Event {
    id: String,
    detail: Detail,
}

/// What a producer, or a rule's input transformer, writes.
#[derive(Debug, Deserialize)]
struct Detail {
    /// At most 100.
    channels: Vec<String>,
    name: String,
    /// Any JSON; a text is passed on as it is.
    #[serde(default)]
    data: Option<Box<RawValue>>,
    #[serde(default)]
    socket_id: Option<String>,
    /// The first app unless named.
    #[serde(default)]
    app_id: Option<String>,
}

/// Serves until Lambda ends the process.
///
/// # Errors
/// When the function cannot start.
pub async fn run() -> Result<(), StartError> {
    let host = Arc::new(Start::of_process().await?.host().await?);
    let around = Around::new(host.after.clone(), host.aws.clone());
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let host = Arc::clone(&host);
        async move { carry(&host, event.payload).await }
    });
    Ok(Runtime::new(handler).layer(around).run().await?)
}

/// Publishes an event. One that is wrong is told to the log and dropped, for it would be wrong again.
///
/// # Errors
/// When the store does not answer: Lambda then gives the event again.
pub async fn carry(host: &Host, event: Value) -> Result<Value, Error> {
    let event: Event = match serde_json::from_str(&event.to_string()) {
        Ok(event) => event,
        Err(error) => {
            tracing::error!(%error, "an event is not of the form that the bridge carries");
            return Ok(json!({ "published": 0 }));
        }
    };
    host.refresh().await;
    let Detail { channels, name, data, socket_id, app_id } = event.detail;
    let apps = host.core.apps();
    let app = match &app_id {
        None => Some(apps.first()),
        Some(id) => apps.by_id(&protocol::AppId::new(id.as_str())),
    };
    let Some(app) = app else {
        tracing::error!(event = event.id, app_id, "an event names an app that is not served");
        return Ok(json!({ "published": 0 }));
    };
    let data = data.map(|data| text(&data)).unwrap_or_default();
    let trigger = Trigger { name, channels, channel: None, data, socket_id, info: None };
    let publish = match check(app, trigger) {
        Ok(publish) => publish,
        Err(Refusal::Bad(why) | Refusal::TooLarge(why)) => {
            tracing::error!(event = event.id, why, "an event cannot be published");
            return Ok(json!({ "published": 0 }));
        }
    };
    host.core.publish(app, &publish, now_ms()).await?;
    host.gate.queue().flush().await?;
    Ok(json!({ "published": publish.channels.len() }))
}

/// Data as Pusher's API takes it: a text, or JSON as text.
fn text(data: &RawValue) -> String {
    serde_json::from_str::<String>(data.get()).unwrap_or_else(|_| data.get().to_owned())
}
