//! The queue: leaves to be confirmed, connections to be looked at again, webhooks, posts that are due. Each message is done or
//! comes again, alone.

use std::sync::Arc;
use std::time::Duration;

use aws::Event;
use channels::Hook;
use futures::future::{OptionFuture, join_all};
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use posts::Parcel;
use protocol::AppId;
use relay::Relay;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::announcing::Bus;
use crate::around::Around;
use crate::guard;
use crate::host::{Host, Posts};
use crate::queue::Task;
use crate::start::{Start, StartError};

/// A batch of messages (Lambda developer guide, "Using Lambda with Amazon SQS").
#[derive(Debug, Deserialize)]
struct Batch {
    #[serde(rename = "Records", default)]
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    #[serde(default)]
    body: String,
}

/// A message was not done; it is to come again.
#[derive(Debug)]
struct Again;

/// Serves until Lambda ends the process.
///
/// # Errors
/// When the function cannot start.
pub async fn run() -> Result<(), StartError> {
    let host = Arc::new(Start::of_process().await?.host().await?);
    let posts = Arc::new(host.posts()?);
    let around = Around::of(&host);
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let (host, posts) = (Arc::clone(&host), Arc::clone(&posts));
        let time = guard::left(&event.context);
        async move { Ok::<_, Error>(work(&host, &posts, event.payload, time).await) }
    });
    Ok(Runtime::new(handler).layer(around).run().await?)
}

/// Works on a batch in so much time; answers which of its messages are to come again.
pub async fn work(host: &Host, posts: &Posts, event: Value, time: Duration) -> Value {
    let Ok(batch) = serde_json::from_value::<Batch>(event) else {
        tracing::error!("an event is no batch of messages");
        return json!({ "batchItemFailures": [] });
    };
    host.refresh().await;
    let (mut again, mut alone) = (Vec::new(), Vec::new());
    let (mut hooks, mut due) = (Hooks::default(), Due::default());
    for record in &batch.records {
        let id = record.message_id.as_str();
        match serde_json::from_str(&record.body) {
            Ok(Task::Hook { app, hook }) => hooks.push(id, app, hook),
            Ok(Task::Tick) => due.tick = true,
            Ok(Task::Deliver(parcel)) => due.parcels.push(parcel),
            Ok(task) => alone.push((id, task)),
            // It would never be understood; the dead-letter queue keeps it for people.
            Err(error) => {
                tracing::error!(message = id, %error, "a message cannot be read");
                again.push(id);
            }
        }
    }
    let quick = async {
        again.extend(short(host, posts, alone, hooks).await);
        // What follows leaves does not wait for platforms.
        host.finish().await
    };
    let (followed, ()) = tokio::join!(quick, due.publish(host, posts, time));
    if let Err(error) = followed.and(host.finish().await) {
        tracing::error!(%error, "what follows messages cannot be kept; they come again");
        again = batch.records.iter().map(|record| record.message_id.as_str()).collect();
    }
    let failures: Vec<_> = again.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": failures })
}

/// Does what waits for no platform. Answers which messages were not done.
async fn short<'a>(
    host: &Host,
    posts: &Posts,
    alone: Vec<(&'a str, Task)>,
    hooks: Hooks<'a>,
) -> Vec<&'a str> {
    let alone = alone.into_iter().map(async |(id, task)| (id, one(host, posts, task).await));
    let (done, kept) = tokio::join!(join_all(alone), posts.notifier.take(&hooks.heard));
    let mut again: Vec<_> =
        done.into_iter().filter(|(_, done)| done.is_err()).map(|(id, _)| id).collect();
    if let Err(error) = kept {
        tracing::error!(cause = ?error, "webhooks could not be stored; they come again");
        again.extend(hooks.messages);
    }
    again
}

/// Posts that a batch asks for. Nothing of it comes again: what is not done is due, and found so by the next run.
#[derive(Default)]
struct Due {
    /// Whatever is due; once is enough.
    tick: bool,
    parcels: Vec<Parcel>,
}

impl Due {
    async fn publish(self, host: &Host, posts: &Posts, time: Duration) {
        let tick = OptionFuture::from(self.tick.then(|| posts.publish(host, time)));
        let parcels = (!self.parcels.is_empty()).then_some(self.parcels);
        let parcels = parcels.map(|parcels| posts.take_over(host, parcels, time));
        tokio::join!(tick, OptionFuture::from(parcels));
    }
}

/// The webhooks' events of a batch, which are stored together, and the messages that they came in.
#[derive(Default)]
struct Hooks<'a> {
    heard: Vec<(AppId, Hook)>,
    messages: Vec<&'a str>,
}

impl<'a> Hooks<'a> {
    fn push(&mut self, message: &'a str, app: AppId, hook: Hook) {
        self.heard.push((app, hook));
        self.messages.push(message);
    }
}

async fn one(host: &Host, posts: &Posts, task: Task) -> Result<(), Again> {
    match task {
        Task::LookAgain(job) => host.core.try_again(&job).await.map_err(|error| {
            tracing::error!(?job, %error, "something was not looked at again, and will be");
            Again
        }),
        Task::PutEvents(events) => match &host.bus {
            Some(bus) => put(host, bus, events).await,
            None => Ok(()),
        },
        Task::HandOn(event) => match &posts.relay {
            Some(relay) => hand_on(relay, &event).await,
            None => Ok(()),
        },
        // Sorted out before.
        Task::Hook { .. } | Task::Tick | Task::Deliver(_) => Err(Again),
    }
}

/// What the bus takes in part comes again as a message of its own, so that nothing is put twice.
async fn put(host: &Host, bus: &Bus, events: Vec<Event>) -> Result<(), Again> {
    let all = events.len();
    match bus.put(events).await {
        Ok(()) => Ok(()),
        Err(left) if left.len() == all => Err(Again),
        Err(left) => {
            host.gate.queue().put(&Task::PutEvents(left), Duration::from_secs(1));
            Ok(())
        }
    }
}

async fn hand_on(relay: &Relay, event: &relay::Event) -> Result<(), Again> {
    match relay.send(event).await {
        Ok(()) => Ok(()),
        Err(error) if error.passing => Err(Again),
        Err(error) => {
            tracing::error!(%error, "an event was not handed on");
            Ok(())
        }
    }
}
