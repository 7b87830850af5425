//! `$default`: one frame of a client. It never fails: what API Gateway sends a client when a function fails is no frame of
//! the protocol, and stops pusher-js with an error.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use channels::Asked;
use gateway::{ClientIp, Visitors};
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use protocol::{Code, Fault};
use serde_json::{Value, json};
use service::{Handled, Outbox};

use crate::around::Around;
use crate::event::SocketEvent;
use crate::guard;
use crate::host::{Host, now_ms};
use crate::metrics::Metric;
use crate::start::{Start, StartError};

/// Serves until Lambda ends the process.
///
/// # Errors
/// When the function cannot start.
pub async fn run() -> Result<(), StartError> {
    let host = Start::of_process().await?.host().await?;
    let around = Around::of(&host);
    let desk = Arc::new(Desk::new(host));
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let desk = Arc::clone(&desk);
        async move {
            desk.take(event.payload, guard::time(&event.context)).await;
            Ok::<_, Error>(json!({ "statusCode": 200 }))
        }
    });
    Ok(Runtime::new(handler).layer(around).run().await?)
}

/// Takes frames.
pub struct Desk {
    host: Host,
    visitors: Visitors,
}

impl Desk {
    /// A desk of this host.
    pub fn new(host: Host) -> Self {
        let visitors = Visitors::new(host.deployed.settings.visitors.address);
        Self { host, visitors }
    }

    /// Handles a frame, for at most so long. Whatever happens is in the log.
    pub async fn take(&self, event: Value, time: Duration) {
        let Some(event) = SocketEvent::read(event) else {
            tracing::warn!("an event names no connection");
            return;
        };
        let connection = event.connection();
        guard::guarded(&connection, time, self.handle(event)).await;
    }

    async fn handle(&self, event: SocketEvent) {
        let (id, host) = (event.connection(), &self.host);
        host.gate.learn(&event.request_context.domain_name, &event.request_context.stage);
        host.refresh().await;
        host.metrics.add(Metric::Messages, 1);
        match text(&event) {
            Ok(text) => {
                let now = now_ms();
                // Messages of one connection run at once; the gateway's clock says which one came first.
                let asked = Asked::at_ms(event.request_context.request_time_epoch.unwrap_or(now));
                let handled = host.core.message(&id, &text, asked, now).await;
                if let Handled::NotAuthorized(from) = handled
                    && let from = from.map(ClientIp)
                    && let Err(often) = self.visitors.failed(&host.core, from, now_ms()).await
                {
                    let fault = Fault::new(Code::OverCapacity, often.to_string());
                    host.gate.close(&id, &fault).await;
                }
            }
            Err(fault) => host.core.refuse(&id, &fault).await,
        }
        if let Err(error) = host.finish().await {
            tracing::error!(%error, connection = %id, "what follows a frame is lost");
        }
    }
}

fn text(event: &SocketEvent) -> Result<String, Fault> {
    let body = event.body.clone().unwrap_or_default();
    if !event.is_base64_encoded {
        return Ok(body);
    }
    let bytes = STANDARD.decode(body).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| Fault::note("Only text is understood"))
}
