//! The queue: leaves to be confirmed, connections to be looked at again, webhooks. Each message is done or comes again,
//! alone.

use std::sync::Arc;

use futures::future::join_all;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::around::Around;
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
    let around = Around::new(host.after.clone(), host.aws.clone());
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let (host, posts) = (Arc::clone(&host), Arc::clone(&posts));
        async move { Ok::<_, Error>(work(&host, &posts, event.payload).await) }
    });
    Ok(Runtime::new(handler).layer(around).run().await?)
}

/// Works on a batch; answers which of its messages are to come again.
pub async fn work(host: &Host, posts: &Posts, event: Value) -> Value {
    let Ok(batch) = serde_json::from_value::<Batch>(event) else {
        tracing::error!("an event is no batch of messages");
        return json!({ "batchItemFailures": [] });
    };
    host.refresh().await;
    let done = join_all(batch.records.iter().map(|record| one(host, posts, record))).await;
    let mut again: Vec<&str> = batch
        .records
        .iter()
        .zip(done)
        .filter(|(_, done)| done.is_err())
        .map(|(record, _)| record.message_id.as_str())
        .collect();
    if let Err(error) = host.gate.queue().flush().await {
        tracing::error!(%error, "what follows messages cannot be kept; they come again");
        again = batch.records.iter().map(|record| record.message_id.as_str()).collect();
    }
    let failures: Vec<_> = again.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": failures })
}

async fn one(host: &Host, posts: &Posts, record: &Record) -> Result<(), Again> {
    let task = match serde_json::from_str(&record.body) {
        Ok(task) => task,
        // It would never be understood; the dead-letter queue keeps it for people.
        Err(error) => {
            tracing::error!(message = record.message_id, %error, "a message cannot be read");
            return Err(Again);
        }
    };
    match task {
        Task::LookAgain(job) => host.core.look_again(job).await,
        Task::Hook { app, hook } => {
            posts.hooks.accept(&app, hook);
            posts.notifier.drain().await;
        }
    }
    Ok(())
}
