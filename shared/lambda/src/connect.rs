//! `$connect`: admit, remember, answer; then greet, for the client is not there before the answer.

use std::sync::Arc;
use std::time::Duration;

use gateway::{Entrance, Visitors, chosen_subprotocol};
use http::HeaderMap;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use protocol::{Code, ConnectionId, Fault};
use serde_json::{Value, json};
use service::Outbox;

use crate::around::Around;
use crate::edge::Edge;
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
    let door = Arc::new(Door::new(host)?);
    let around = Around::of(&door.host);
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let door = Arc::clone(&door);
        async move {
            let time = guard::time(&event.context);
            Ok::<_, Error>(door.open(event.payload, time).await)
        }
    });
    Ok(Runtime::new(handler).layer(around).run().await?)
}

/// Lets clients in.
pub struct Door {
    host: Host,
    entrance: Entrance,
}

impl Door {
    /// A door to this host.
    ///
    /// # Errors
    /// When users' tokens cannot be checked as the configuration says.
    pub fn new(host: Host) -> Result<Self, StartError> {
        let entrance = Entrance {
            verifier: host.verifier()?,
            visitors: Visitors::new(host.deployed.settings.visitors.address),
        };
        Ok(Self { host, entrance })
    }

    /// What is left to be done after the answer.
    pub fn after(&self) -> &crate::after::After {
        &self.host.after
    }

    /// Answers a handshake, in at most so much time. Every client of the edge is let in: a browser cannot read the status of a
    /// refusal, and a first frame it can.
    pub async fn open(&self, event: Value, time: Duration) -> Value {
        let Some(event) = SocketEvent::read(event) else {
            tracing::warn!("an event names no connection");
            return json!({ "statusCode": 400 });
        };
        let (id, headers) = (event.connection(), event.headers());
        if !Edge::of(&self.host.deployed).admits(&headers) {
            tracing::warn!(target: "audit", connection = %id, "a handshake came past the edge");
            return json!({ "statusCode": 403 });
        }
        let admitting = self.admit(&event, &id, &headers);
        if guard::guarded(&id, time, admitting).await.is_none() {
            let (gate, id) = (self.host.gate.clone(), id.clone());
            self.host.after.push(async move {
                let fault =
                    Fault::new(Code::OverCapacity, "The server cannot take connections now");
                refuse(&gate, &id, &fault).await;
            });
        }
        answer(chosen_subprotocol(&headers))
    }

    async fn admit(&self, event: &SocketEvent, id: &ConnectionId, headers: &HeaderMap) {
        let (id, host) = (id.clone(), &self.host);
        host.gate.learn(&event.request_context.domain_name, &event.request_context.stage);
        host.refresh().await;
        host.gate.expect(&id);
        let visitor = event.visitor(Edge::of(&host.deployed), headers);
        let names = (id.clone(), event.socket_id());
        let admitted = self.entrance.admit(&host.core, names, &visitor, now_ms()).await;
        if admitted.is_ok() {
            host.metrics.add(Metric::Connections, 1);
        }
        let (core, gate) = (Arc::clone(&host.core), host.gate.clone());
        host.after.push(async move {
            match admitted {
                Ok(()) => core.greet(&id, now_ms()).await,
                Err(fault) => refuse(&gate, &id, &fault).await,
            }
            if let Err(error) = gate.queue().flush().await {
                tracing::error!(%error, connection = %id, "what follows a connection is lost");
            }
        });
    }
}

async fn refuse(gate: &crate::gate::Gate, id: &ConnectionId, fault: &Fault) {
    tracing::info!(connection = %id, code = fault.code.map(|code| code.number()), "refused");
    gate.close(id, fault).await;
}

fn answer(subprotocol: Option<&str>) -> Value {
    match subprotocol {
        Some(chosen) => json!({
            "statusCode": 200,
            "headers": { "Sec-WebSocket-Protocol": chosen },
        }),
        None => json!({ "statusCode": 200 }),
    }
}
