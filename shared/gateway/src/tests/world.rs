//! A server in hand: two apps, one verifier, tables in memory, and a record of every frame.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apps::{AppSpec, KeySpec, SecretText};
use auth::{KeyPair, Secret, sign_request};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use channels::{App, Apps, Asked, HistoryRule, Hook, Job};
use identity::{Facts, JwtRules, PostFacts, User, Workspace, WorkspaceId, mint};
use jwks::Verifier;
use notifying::Notifier;
use outbound::{Addresses, Http};
use posts::{Announcement, Class, DeliveryId, FieldError, NewAccount, Outcome, Post};
use protocol::{AppId, ConnectionId, Fault, Frame, SocketId, UserId};
use publishing::{Announcer, PublishTo, Publishing};
use registry::Registry;
use serde_json::Value;
use service::{Arrival, Credential, Delivery, Outbox, Service};
use store::MemoryStore;
use throttle::Rate;
use tower::ServiceExt;
use utoipa::openapi::Paths;
use vault::{Keys, LocalKeys, Vault};

use super::described::Described;
use crate::pages::Pages;
use crate::push::Push;
use crate::{AddressRates, Admin, Gateway, Origins, Settings, Visitors, clock, router, routes};

pub(super) const JWT_SECRET: &[u8] = b"a secret that is long enough for HS256";
pub(super) const CRON_SECRET: &str = "cron-secret";
pub(super) const ADMIN_KEY: &str = "admin-key";

/// Keeps every frame that is sent.
#[derive(Default, Clone)]
pub(super) struct Frames(Arc<Mutex<Vec<(ConnectionId, String)>>>);

impl Frames {
    fn keep(&self, to: &ConnectionId, frame: &Frame) {
        let text = String::from_utf8(frame.as_bytes().to_vec()).unwrap();
        self.0.lock().unwrap().push((to.clone(), text));
    }

    /// What this connection got since the last call.
    pub(super) fn take(&self, to: &str) -> Vec<String> {
        let (theirs, others) = std::mem::take(&mut *self.0.lock().unwrap())
            .into_iter()
            .partition(|(id, _)| id.as_str() == to);
        *self.0.lock().unwrap() = others;
        Vec::into_iter(theirs).map(|(_, text)| text).collect()
    }
}

impl Outbox for Frames {
    async fn send(&self, to: &ConnectionId, frame: &Frame) -> Delivery {
        self.keep(to, frame);
        Delivery::Sent
    }

    async fn broadcast(
        &self,
        to: &[ConnectionId],
        except: Option<&ConnectionId>,
        frame: &Frame,
    ) -> Vec<ConnectionId> {
        to.iter().filter(|id| Some(*id) != except).for_each(|id| self.keep(id, frame));
        Vec::new()
    }

    async fn close(&self, to: &ConnectionId, fault: &Fault) {
        let code = fault.code.map(|code| code.number());
        self.0.lock().unwrap().push((to.clone(), format!("closed {code:?}")));
    }

    async fn hook(&self, _: &AppId, _: Hook) {}

    async fn later(&self, _: Duration, _: Job) {}
}

/// Posts that the policy knows of.
#[derive(Clone)]
pub(super) struct Known(Arc<HashMap<String, PostFacts>>);

impl Facts for Known {
    async fn post(&self, id: &str) -> Option<PostFacts> {
        self.0.get(id).cloned()
    }
}

/// A platform that takes everything.
pub(super) struct Willing;

/// Keeps every announcement.
#[derive(Default, Clone)]
pub(super) struct Told(Arc<Mutex<Vec<Announcement>>>);

impl Told {
    /// What was announced since the last call.
    pub(super) fn take(&self) -> Vec<Announcement> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl PublishTo for Willing {
    fn class(&self, platform: &str) -> Option<Class> {
        (platform == "webhook").then_some(Class::Idempotent)
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        let wrong = account.platform != "webhook";
        wrong.then(|| FieldError::new("platform", "unknown", "Use webhook")).into_iter().collect()
    }

    fn freeze(&self, _: &str, _: &Post, _: &DeliveryId) -> String {
        "{}".into()
    }

    async fn publish(&self, _: posts::Request<'_>) -> posts::Answer {
        Outcome::Published { remote_id: None, remote_url: None }.into()
    }
}

impl Announcer for Told {
    async fn announce(&self, announcement: Announcement) {
        self.0.lock().unwrap().push(announcement);
    }
}

type Called = Gateway<MemoryStore, Frames, Known, Willing, Told>;

pub(super) struct World {
    pub(super) router: Router,
    described: Described,
    pub(super) frames: Frames,
    pub(super) told: Told,
    pub(super) service: Arc<Service<MemoryStore, Frames, Known>>,
}

/// An answer, read whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.text)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

fn app(id: &str, keys: Vec<KeyPair>, enabled: bool) -> App {
    App {
        enabled,
        client_events: true,
        user_prefixes: vec!["private-chat-".into()],
        history: ["private-chat-", "private-user-"].map(history).into(),
        ..App::new(AppId::new(id), keys)
    }
}

fn history(prefix: &str) -> HistoryRule {
    HistoryRule { prefix: prefix.into(), count: 2, age_s: 60 }
}

fn third_app() -> App {
    app("1003", vec![KeyPair::new("third-key", "third-secret")], true)
}

/// An app whose servers may ask twice a minute.
fn slow_app() -> App {
    let mut app = app("1004", vec![slow_key()], true);
    app.limits.per_app.requests = per_minute(2);
    app
}

pub(super) fn per_minute(count: u32) -> Option<Rate> {
    NonZeroU32::new(count).map(Rate::per_minute)
}

pub(super) fn slow_key() -> KeyPair {
    KeyPair::new("slow-key", "slow-secret")
}

pub(super) fn pb_key() -> KeyPair {
    KeyPair::new("pb-key", "pb-secret")
}

pub(super) fn settings() -> Settings {
    Settings {
        cron_secret: Some(Secret::new(CRON_SECRET)),
        allowed_origins: Origins::Only(vec!["https://app.example.com".into()]),
        ..Settings::default()
    }
}

/// The admin routes over an app of the configuration.
async fn admin(data: data::Data) -> Admin {
    let pair = KeySpec { key: "pb-key".into(), secret: SecretText(Secret::new("pb-secret")) };
    let spec = AppSpec::new("1001", None, pair);
    let registry = Registry::open(data.clone(), vec![spec], None).await.unwrap();
    let http = Http::new(outbound::Settings::new(Addresses::AlsoPrivate)).unwrap();
    let (apps, endpoints) = (registry.apps(), registry.endpoints());
    let (_, notifier, _) = Notifier::new(data, http, None, apps, endpoints, true);
    Admin { registry: Arc::new(registry), notifier, key: Some(Secret::new(ADMIN_KEY)) }
}

fn facts() -> Known {
    let post = PostFacts { author: UserId::new("1"), workspace: Some(WorkspaceId::new("w")) };
    Known(Arc::new(HashMap::from([("p1".to_owned(), post)])))
}

/// What the router under test calls.
async fn gateway(settings: Settings, frames: &Frames, told: &Told) -> Called {
    let apps = Apps::new(vec![
        app("1001", vec![pb_key(), KeyPair::new("old-key", "old-secret")], true),
        app("1002", vec![KeyPair::new("off-key", "off-secret")], false),
        App { allowed_origins: vec!["https://third.example".into()], ..third_app() },
        slow_app(),
    ]);
    let service = Service::new(apps.unwrap(), MemoryStore::default(), frames.clone(), facts());
    let data = data::Data::new(embedded::memory().unwrap());
    data.create_tables_if_missing().await.unwrap();
    let vault = Arc::new(Vault::new(Keys::Local(LocalKeys::passing().unwrap())));
    let rules = posts::Settings::default();
    let publishing = Publishing::new(data.clone(), vault, Willing, told.clone(), rules);
    let rates = AddressRates { failures: per_minute(2), ..AddressRates::default() };
    Gateway {
        service: Arc::new(service),
        facts: facts(),
        publishing: Arc::new(publishing),
        verifier: Arc::new(Verifier::secret(JWT_SECRET, JwtRules::default())),
        admin: admin(data).await,
        settings,
        visitors: Visitors::new(rates),
    }
}

/// The descriptions of all routes.
pub(super) async fn paths() -> Paths {
    let gateway = gateway(settings(), &Frames::default(), &Told::default()).await;
    let pages = Arc::new(Pages::new(Origins::Any, gateway.service.shared_apps()));
    routes::<_, _, _, _, _, Paths>(gateway, &pages).into_parts().1
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(settings()).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        let (frames, told) = (Frames::default(), Told::default());
        let gateway = gateway(settings, &frames, &told).await;
        let service = gateway.service.clone();
        let router = router(gateway);
        let described = Described::by(&router).await;
        Self { router, described, frames, told, service }
    }

    /// What signed requests are handled with.
    pub(super) fn push(&self) -> Push<MemoryStore, Frames, Known> {
        Push { service: self.service.clone() }
    }

    /// Sends a request. Whatever is answered must be described.
    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let asked = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        self.described.check(&asked.0, &asked.1, parts.status);
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Asks with headers as `name: value` lines.
    pub(super) async fn ask(
        &self,
        method: &str,
        uri: &str,
        headers: &[&str],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(uri);
        for line in headers {
            let (name, value) = line.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Sends what an SDK would send, signed with this pair.
    pub(super) async fn signed(&self, pair: &KeyPair, path: &str, body: &str) -> Answer {
        self.signed_with(pair, path, body, &[]).await
    }

    /// The same with more headers.
    pub(super) async fn signed_with(
        &self,
        pair: &KeyPair,
        path: &str,
        body: &str,
        headers: &[&str],
    ) -> Answer {
        self.signed_query(pair, path, "", body, headers).await
    }

    /// The same with a query.
    pub(super) async fn signed_query(
        &self,
        pair: &KeyPair,
        path: &str,
        query: &str,
        body: &str,
        headers: &[&str],
    ) -> Answer {
        let method = Method::POST;
        let request = auth::Request { method: method.as_str(), path, query, body: body.as_bytes() };
        let query = sign_request(&request, pair, clock::now().seconds());
        let headers = [&["content-type: application/json"], headers].concat();
        self.ask("POST", &format!("{path}?{query}"), &headers, body.to_owned()).await
    }

    /// Asks what an SDK would ask, signed with the first app's key. The path has its own query.
    pub(super) async fn asked(&self, path: &str) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = auth::Request { method: "GET", path, query, body: b"" };
        let query = sign_request(&request, &pb_key(), clock::now().seconds());
        self.ask("GET", &format!("{path}?{query}"), &[], "").await
    }

    /// Signs a connected client in; what it was told is forgotten.
    pub(super) async fn sign_in(&self, id: &str, socket: SocketId, user: &str) {
        let user_data = serde_json::json!({ "id": user }).to_string();
        let auth = auth::sign_user(&pb_key(), socket, &user_data);
        let data = serde_json::json!({ "auth": auth, "user_data": user_data });
        let frame = serde_json::json!({ "event": "pusher:signin", "data": data });
        self.service.message(&ConnectionId::new(id), &frame.to_string(), Asked::FIRST, 0).await;
        assert!(self.frames.take(id).concat().contains("pusher:signin_success"));
    }

    /// Connects a client and subscribes it; its frames so far are forgotten.
    pub(super) async fn subscriber(&self, id: &str, socket: u64, channels: &[&str]) -> SocketId {
        let socket_id = SocketId::from_random(socket, socket);
        let arrival = Arrival {
            id: ConnectionId::new(id),
            socket_id,
            key: "pb-key",
            protocol: Some("7"),
            origin: None,
            from: None,
            now_ms: 10_000,
            credential: Credential::None,
        };
        self.service.connect(arrival).await.unwrap();
        for channel in channels {
            let data = channel.starts_with("presence-").then(|| format!(r#"{{"user_id":"{id}"}}"#));
            let auth = auth::sign_channel(&pb_key(), socket_id, channel, data.as_deref());
            let data =
                serde_json::json!({ "channel": channel, "auth": auth, "channel_data": data });
            let frame = serde_json::json!({ "event": "pusher:subscribe", "data": data });
            self.service.message(&ConnectionId::new(id), &frame.to_string(), Asked::FIRST, 0).await;
        }
        let got = self.frames.take(id).concat();
        assert!(!got.contains("pusher:error"), "{got}");
        socket_id
    }
}

pub(super) fn user(id: &str, workspaces: &[&str]) -> User {
    let workspaces =
        workspaces.iter().map(|id| Workspace { id: WorkspaceId::new(*id), role: None });
    User { id: UserId::new(id), info: None, workspaces: workspaces.collect() }
}

/// A token that is good for a minute.
pub(super) fn token(user: &User) -> String {
    mint(user, JWT_SECRET, &JwtRules::default(), 60, clock::now().seconds()).unwrap()
}

/// The header line of a signed-in user.
pub(super) fn bearer(user: &User) -> String {
    format!("authorization: Bearer {}", token(user))
}
