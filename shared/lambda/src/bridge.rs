//! Events of a bus become events on channels. EventBridge delivers at least once; here each counts once.

use std::sync::Arc;

use channels::publish::{Refusal, Trigger, check};
use channels::{App, Publish};
use dynamo::Seen;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::around::Around;
use crate::host::{Host, now_ms};
use crate::mapping::{self, Rule};
use crate::start::{Start, StartError};

/// The detail type of events that need no rule (docs/aws.md).
const TRIGGER: &str = "pushbridge.trigger";

/// An event (EventBridge user guide, "Event structure reference").
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Event {
    id: String,
    #[serde(default)]
    detail_type: String,
    detail: Box<RawValue>,
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
    let start = Start::of_process().await?;
    let rules = start.env.get("BRIDGE_RULES").map(mapping::parse).transpose()?;
    let rules: Arc<[Rule]> = rules.unwrap_or_default().into();
    let host = Arc::new(start.host().await?);
    let around = Around::of(&host);
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let (host, rules) = (Arc::clone(&host), Arc::clone(&rules));
        async move { carry(&host, &rules, &event.payload).await }
    });
    Ok(Runtime::new(handler).layer(around).run().await?)
}

/// Publishes an event. One that is wrong is told to the log and dropped, for it would be wrong again.
///
/// # Errors
/// When the store does not answer: Lambda then gives the event again.
pub async fn carry(host: &Host, rules: &[Rule], event: &RawValue) -> Result<Value, Error> {
    let dropped = |why: String| {
        tracing::error!(why, "an event of the bus is dropped");
        Ok(json!({ "published": 0 }))
    };
    let (id, app_id, trigger) = match read(rules, event) {
        Ok(read) => read,
        Err(why) => return dropped(why),
    };
    host.refresh().await;
    let apps = host.core.apps();
    let app: Option<&Arc<App>> = match &app_id {
        None => Some(apps.first()),
        Some(id) => apps.by_id(&protocol::AppId::new(id.as_str())),
    };
    let Some(app) = app else {
        return dropped(format!("event {id} names the app {app_id:?}, which is not served"));
    };
    let publish = match check(app, trigger) {
        Ok(publish) => publish,
        Err(Refusal::Bad(why) | Refusal::TooLarge(why)) => {
            return dropped(format!("event {id} cannot be published: {why}"));
        }
    };
    if host.store.see(&id).await? == Seen::Done {
        tracing::info!(event = id, "an event came again");
        return Ok(json!({ "published": 0 }));
    }
    if let Err(error) = publish_once(host, app, &publish, &id).await {
        // Whoever gets the event again need not wait. If this fails as well, there is a minute between them.
        let _ = host.store.unsee(&id).await;
        return Err(error);
    }
    Ok(json!({ "published": publish.channels.len() }))
}

async fn publish_once(host: &Host, app: &App, publish: &Publish, id: &str) -> Result<(), Error> {
    host.core.publish(app, publish, now_ms()).await?;
    host.finish().await?;
    host.store.seen(id).await?;
    Ok(())
}

/// The event's id, the app that it is for if it names one, and what is to be published.
fn read(rules: &[Rule], event: &RawValue) -> Result<(String, Option<String>, Trigger), String> {
    let of = |error: serde_json::Error| {
        format!("it is not of the form that the bridge carries: {error}")
    };
    let Event { id, detail_type, detail } = serde_json::from_str(event.get()).map_err(of)?;
    let whole: Value = serde_json::from_str(event.get()).map_err(of)?;
    let trigger = |name, channels, data, socket_id| Trigger {
        name,
        channels,
        channel: None,
        data,
        socket_id,
        info: None,
    };
    if detail_type != TRIGGER
        && let Some(mapped) = mapping::apply(rules, &whole, &detail)
    {
        return Ok((id, None, trigger(mapped.name, mapped.channels, mapped.data, None)));
    }
    let detail: Detail = serde_json::from_str(detail.get()).map_err(of)?;
    let data = detail.data.map(|data| text(&data)).unwrap_or_default();
    Ok((id, detail.app_id, trigger(detail.name, detail.channels, data, detail.socket_id)))
}

/// Data as Pusher's API takes it: a text, or JSON as text.
fn text(data: &RawValue) -> String {
    serde_json::from_str::<String>(data.get()).unwrap_or_else(|_| data.get().to_owned())
}
