//! Every minute: posts and webhooks that are due. Safe to run twice, late, and at the same time as itself: each step is one
//! conditional write.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use posts::Timestamp;
use serde_json::Value;

use crate::around::Around;
use crate::host::{Host, Posts, now_ms};
use crate::start::{Start, StartError};

/// Serves until Lambda ends the process.
///
/// # Errors
/// When the function cannot start.
pub async fn run() -> Result<(), StartError> {
    let host = Arc::new(Start::of_process().await?.host().await?);
    let posts = Arc::new(host.posts()?);
    let around = Around::new(host.after.clone(), host.aws.clone());
    let handler = service_fn(move |_: LambdaEvent<Value>| {
        let (host, posts) = (Arc::clone(&host), Arc::clone(&posts));
        async move { Ok::<_, Error>(tick(&host, &posts).await) }
    });
    Ok(Runtime::new(handler).layer(around).run().await?)
}

/// Does what is due now.
pub async fn tick(host: &Host, posts: &Posts) -> Value {
    host.refresh().await;
    let now = now();
    let (report, ()) = tokio::join!(posts.publishing.tick(now), posts.notifier.tick(now));
    if let Err(error) = host.gate.queue().flush().await {
        tracing::error!(%error, "what follows the posts is lost");
    }
    serde_json::to_value(report).unwrap_or_default()
}

/// The wall clock, in milliseconds.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_ms(i64::try_from(now_ms()).unwrap_or(i64::MAX))
}
