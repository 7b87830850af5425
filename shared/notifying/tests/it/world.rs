//! A server's webhooks, and receivers that answer as they are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auth::{KeyPair, sign_webhook};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use channels::{App, Apps, Hook, SharedApps};
use data::Data;
use notifying::{Hooks, Notifier};
use outbound::{Addresses, Http, Settings};
use posts::Timestamp;
use protocol::{AppId, ChannelName};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use webhooks::{EndpointSpec, Endpoints, SharedEndpoints};

/// A request that came in.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Came {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether it is signed with the secret of the key that it names.
    pub(crate) fn is_signed_by(&self, pair: &KeyPair) -> bool {
        self.header("x-pusher-key") == pair.key.as_str()
            && self.header("x-pusher-signature") == sign_webhook(pair, self.body.as_bytes())
    }
}

/// A receiver that answers with a status.
pub(crate) struct Receiver {
    pub(crate) url: String,
    status: Arc<AtomicU16>,
    came: mpsc::UnboundedReceiver<Came>,
    server: JoinHandle<()>,
}

type Told = (Arc<AtomicU16>, mpsc::UnboundedSender<Came>);

impl Receiver {
    pub(crate) async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(status));
        let (sender, came) = mpsc::unbounded_channel();
        let router = Router::new().route("/hooks", post(receive));
        let router = router.with_state((Arc::clone(&status), sender));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, status, came, server }
    }

    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) async fn next(&mut self) -> Came {
        let came = tokio::time::timeout(Duration::from_secs(10), self.came.recv());
        came.await.expect("a webhook comes").unwrap()
    }

    pub(crate) fn nothing_more(&mut self) -> bool {
        self.came.try_recv().is_err()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(
    State((status, sender)): State<Told>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    sender.send(Came { headers, body }).unwrap();
    let status = StatusCode::from_u16(status.load(Ordering::SeqCst)).unwrap();
    (status, [("location", "/elsewhere")])
}

/// The pairs of app 1: the new one first.
pub(crate) fn pairs() -> Vec<KeyPair> {
    vec![KeyPair::new("new-key", "new-secret"), KeyPair::new("old-key", "old-secret")]
}

/// One process with webhooks. It ends when it is dropped, as if it were killed.
pub(crate) struct World {
    pub(crate) hooks: Hooks,
    pub(crate) notifier: Arc<Notifier>,
    writer: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

pub(crate) async fn data() -> Data {
    let data = Data::new(embedded::memory().unwrap());
    data.create_tables_if_missing().await.unwrap();
    data
}

impl World {
    pub(crate) fn start(data: &Data, addresses: Addresses, specs: &[(&str, EndpointSpec)]) -> Self {
        Self::beside(data, addresses, specs, true)
    }

    /// The same, `alone` on its store or not.
    pub(crate) fn beside(
        data: &Data,
        addresses: Addresses,
        specs: &[(&str, EndpointSpec)],
        alone: bool,
    ) -> Self {
        let apps = [("1", pairs()), ("2", vec![KeyPair::new("two-key", "two-secret")])];
        let apps = apps.map(|(id, keys)| App::new(AppId::new(id), keys));
        let endpoints = SharedEndpoints::default();
        endpoints.replace(apps.iter().map(|app| of_app(app, specs)).collect::<Endpoints>());
        let apps = SharedApps::new(Apps::new(apps.into()).unwrap());
        let http = Http::new(Settings::new(addresses)).unwrap();
        let (hooks, notifier, writer) =
            Notifier::new(data.clone(), http, None, apps, endpoints, alone);
        Self { hooks, notifier, writer: tokio::spawn(writer.run()) }
    }

    pub(crate) fn occupied(&self, app: &str, channel: &str) {
        let channel = ChannelName::parse(channel).unwrap();
        self.hooks.accept(&AppId::new(app), Hook::ChannelOccupied { channel });
    }
}

fn of_app(app: &App, specs: &[(&str, EndpointSpec)]) -> (AppId, Vec<webhooks::Endpoint>) {
    let own = specs.iter().filter(|(id, _)| *id == app.id.as_str());
    (app.id.clone(), own.map(|(_, spec)| spec.check().unwrap()).collect())
}

pub(crate) fn to(url: &str) -> EndpointSpec {
    EndpointSpec { url: Some(url.to_owned()), batching: true, ..EndpointSpec::default() }
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap())
}
