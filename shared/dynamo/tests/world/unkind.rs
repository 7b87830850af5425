//! A way to the engine that can be made to fail: a process that is killed after so many writes, a service that is throttled,
//! broken or silent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use tokio::sync::Notify;

/// What becomes of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// All are answered.
    Kind,
    /// So many writes are done, and after the last one nothing is sent any more.
    Killed(usize),
    /// So many writes are done, and what is asked after the last one waits until it is let go.
    Held(usize),
    /// Every so manyth is refused as too much.
    Throttled(usize),
    /// Every so manyth is answered with 500, and nothing is done.
    Broken(usize),
    /// Every so manyth is done, and the answer is lost.
    Silent(usize),
}

#[derive(Debug)]
struct State {
    mood: Mutex<Mood>,
    requests: AtomicUsize,
    writes: AtomicUsize,
    held: Notify,
    go: Notify,
}

/// Sets how requests of one client fare.
#[derive(Debug, Clone)]
pub(crate) struct Unkind {
    state: Arc<State>,
    inner: SharedHttpClient,
}

impl Unkind {
    /// The same client, by a way of its own.
    pub(crate) fn on(client: &Client) -> (Client, Self) {
        let inner = client.config().http_client().expect("the engine's");
        let (requests, writes, held, go) = Default::default();
        let state = State { mood: Mutex::new(Mood::Kind), requests, writes, held, go };
        let unkind = Self { state: Arc::new(state), inner };
        let config = client.config().to_builder().http_client(unkind.clone()).build();
        (Client::from_conf(config), unkind)
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.state.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
        self.state.requests.store(0, Ordering::SeqCst);
        self.state.writes.store(0, Ordering::SeqCst);
    }

    /// Waits until something is held.
    pub(crate) async fn held(&self) {
        self.state.held.notified().await;
    }

    /// Lets go what is held.
    pub(crate) fn let_go(&self) {
        self.set(Mood::Kind);
        self.state.go.notify_waiters();
    }

    /// Writes since the mood was set.
    pub(crate) fn writes(&self) -> usize {
        self.state.writes.load(Ordering::SeqCst)
    }
}

impl HttpClient for Unkind {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Way { state: Arc::clone(&self.state), inner })
    }
}

#[derive(Debug)]
struct Way {
    state: Arc<State>,
    inner: SharedHttpConnector,
}

fn is_write(request: &HttpRequest) -> bool {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"]
        .iter()
        .any(|it| target.ends_with(&format!(".{it}")))
}

fn refused(status: u16, kind: &str) -> HttpConnectorFuture {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","message":"no"}}"#);
    let status = StatusCode::try_from(status).expect("a status");
    HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
}

fn lost() -> ConnectorError {
    ConnectorError::timeout("nobody answers".into())
}

impl HttpConnector for Way {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mood = *self.state.mood.lock().unwrap_or_else(PoisonError::into_inner);
        let nth = self.state.requests.fetch_add(1, Ordering::SeqCst) + 1;
        match mood {
            Mood::Killed(most) if self.state.writes.load(Ordering::SeqCst) >= most => {
                return HttpConnectorFuture::ready(Err(lost()));
            }
            Mood::Held(most) if self.state.writes.load(Ordering::SeqCst) >= most => {
                let (state, inner) = (Arc::clone(&self.state), self.inner.clone());
                return HttpConnectorFuture::new(async move {
                    let go = state.go.notified();
                    state.held.notify_one();
                    go.await;
                    inner.call(request).await
                });
            }
            Mood::Throttled(every) if nth.is_multiple_of(every) => {
                return refused(400, "ProvisionedThroughputExceededException");
            }
            Mood::Broken(every) if nth.is_multiple_of(every) => {
                return refused(500, "InternalServerError");
            }
            _ => {}
        }
        if is_write(&request) {
            self.state.writes.fetch_add(1, Ordering::SeqCst);
        }
        let answer = self.inner.call(request);
        match mood {
            Mood::Silent(every) if nth.is_multiple_of(every) => {
                HttpConnectorFuture::new(async move {
                    answer.await?;
                    Err(lost())
                })
            }
            _ => answer,
        }
    }
}
