//! One slice of a large fan-out: a frame and who gets it.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use protocol::ConnectionId;
use serde_json::{Value, json};

use crate::around::Around;
use crate::gate::{SLICE_OFFERED, Slice};
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
        async move { Ok::<_, Error>(post(&host, event.payload).await) }
    });
    Ok(Runtime::new(handler).layer(around).run().await?)
}

/// Posts a slice. It never fails: an event that fails comes again, and so would all its frames.
pub async fn post(host: &Host, event: Value) -> Value {
    let Ok(slice) = serde_json::from_value::<Slice>(event) else {
        tracing::error!("an event is no slice of a fan-out");
        return json!({ "posted": 0 });
    };
    let ids: Vec<&str> = slice.connections.iter().map(ConnectionId::as_str).collect();
    let gone = host.gate.post_all(&ids, slice.frame.into(), SLICE_OFFERED).await;
    for id in &gone {
        host.core.close(id).await;
    }
    if let Err(error) = host.finish().await {
        tracing::error!(%error, "what follows leaves is lost");
    }
    json!({ "posted": ids.len(), "gone": gone.len() })
}
