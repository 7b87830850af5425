//! What surrounds every invocation: its time, its ids in the logs, its trace on outgoing calls, and the work after its answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use aws::Aws;
use lambda_runtime::tower::{Layer, Service};
use lambda_runtime::{Error, LambdaInvocation};
use tracing::Instrument;

use crate::after::After;
use crate::gate::Gate;
use crate::guard;
use crate::host::{Host, now_ms};
use crate::metrics::Metrics;

/// The layer. The service within answers the Runtime API, so what follows it follows the answer.
#[derive(Clone)]
pub struct Around {
    after: After,
    aws: Aws,
    gate: Gate,
    metrics: Metrics,
}

impl Around {
    /// What surrounds the invocations of a host.
    pub fn of(host: &Host) -> Self {
        let (after, aws, gate) = (host.after.clone(), host.aws.clone(), host.gate.clone());
        Self { after, aws, gate, metrics: host.metrics.clone() }
    }
}

impl<S> Layer<S> for Around {
    type Service = Surrounded<S>;

    fn layer(&self, inner: S) -> Surrounded<S> {
        Surrounded { inner, around: self.clone() }
    }
}

/// A service with the layer around it.
pub struct Surrounded<S> {
    inner: S,
    around: Around,
}

impl<S> Service<LambdaInvocation> for Surrounded<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let context = &invocation.context;
        let trace = context.xray_trace_id.as_deref();
        self.around.aws.trace(trace);
        self.around.gate.begin(guard::left(context));
        let span = tracing::info_span!("invocation", request_id = context.request_id, trace);
        let answered = self.inner.call(invocation);
        let (after, metrics) = (self.around.after.clone(), self.around.metrics.clone());
        Box::pin(
            async move {
                let answered = answered.await;
                after.run().await;
                metrics.tell(now_ms());
                answered
            }
            .instrument(span),
        )
    }
}
