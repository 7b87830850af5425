//! `$disconnect`: forgets a client. It is called at best once, and perhaps never.

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde_json::{Value, json};

use crate::around::Around;
use crate::event::SocketEvent;
use crate::guard;
use crate::host::Host;
use crate::start::{Start, StartError};

/// Serves until Lambda ends the process.
///
/// # Errors
/// When the function cannot start.
pub async fn run() -> Result<(), StartError> {
    let host = Arc::new(Start::of_process().await?.host().await?);
    let around = Around::of(&host);
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let host = Arc::clone(&host);
        async move {
            let time = guard::time(&event.context);
            Ok::<_, Error>(forget(&host, event.payload, time).await)
        }
    });
    Ok(Runtime::new(handler).layer(around).run().await?)
}

/// Ends all of a connection, in at most so much time. What is left is found when somebody publishes.
pub async fn forget(host: &Host, event: Value, time: Duration) -> Value {
    let Some(event) = SocketEvent::read(event) else {
        tracing::warn!("an event names no connection");
        return json!({ "statusCode": 400 });
    };
    let id = event.connection();
    guard::guarded(&id, time, async {
        host.gate.learn(&event.request_context.domain_name, &event.request_context.stage);
        host.refresh().await;
        host.core.close(&id).await;
        if let Err(error) = host.finish().await {
            tracing::error!(%error, connection = %id, "what follows a leave is lost");
        }
    })
    .await;
    json!({ "statusCode": 200 })
}
