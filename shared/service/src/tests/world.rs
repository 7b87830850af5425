//! A service whose way out is a log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth::{KeyPair, sign_channel, sign_user};
use channels::usage::Rates;
use channels::{App, Apps, Asked, HistoryRule, Hook, Job, Limits, Publish};
use identity::{Facts, PostFacts, User, Workspace, WorkspaceId};
use protocol::{AppId, ChannelName, ConnectionId, EventName, Fault, Frame, SocketId, UserId};
use store::{MemoryStore, Store};

use crate::{Arrival, Credential, Delivery, Outbox, Service};

/// Frames by receiver, in order.
#[derive(Clone, Default)]
pub(super) struct Log {
    lines: Arc<Mutex<Vec<(String, String)>>>,
    open: Arc<Mutex<BTreeSet<ConnectionId>>>,
    hooks: Arc<Mutex<Vec<Hook>>>,
    jobs: Arc<Mutex<Vec<(Duration, Job)>>>,
}

impl Log {
    fn line(&self, to: &ConnectionId, text: String) {
        self.lines.lock().unwrap().push((to.to_string(), text));
    }
}

impl Outbox for Log {
    async fn send(&self, to: &ConnectionId, frame: &Frame) -> Delivery {
        if !self.open.lock().unwrap().contains(to) {
            return Delivery::Gone;
        }
        self.line(to, format!("{frame:?}"));
        Delivery::Sent
    }

    async fn broadcast(
        &self,
        to: &[ConnectionId],
        except: Option<&ConnectionId>,
        frame: &Frame,
    ) -> Vec<ConnectionId> {
        let mut gone = Vec::new();
        for id in to.iter().filter(|id| except != Some(id)) {
            if self.send(id, frame).await == Delivery::Gone {
                gone.push(id.clone());
            }
        }
        gone
    }

    async fn close(&self, to: &ConnectionId, fault: &Fault) {
        if self.open.lock().unwrap().remove(to) {
            self.line(to, format!("closed {:?} {}", fault.code, fault.message));
        }
    }

    async fn hook(&self, _: &AppId, hook: Hook) {
        self.hooks.lock().unwrap().push(hook);
    }

    async fn later(&self, after: Duration, job: Job) {
        self.jobs.lock().unwrap().push((after, job));
    }
}

/// One post, `p1`, of author `ann` in workspace `w1`.
pub(super) struct OnePost;

impl Facts for OnePost {
    async fn post(&self, id: &str) -> Option<PostFacts> {
        (id == "p1").then(|| PostFacts {
            author: UserId::new("ann"),
            workspace: Some(WorkspaceId::new("w1")),
        })
    }
}

pub(super) struct World<S = MemoryStore> {
    pub(super) service: Service<S, Log, OnePost>,
    log: Log,
    now_ms: AtomicU64,
}

pub(super) fn socket(n: u64) -> SocketId {
    SocketId::from_random(n, n)
}

pub(super) fn id(n: u64) -> ConnectionId {
    ConnectionId::new(format!("c{n}"))
}

pub(super) fn app() -> App {
    App {
        client_events: true,
        hooks: true,
        history: vec![HistoryRule { prefix: "private-log-".into(), count: 9, age_s: 60 }],
        limits: Limits {
            client_events_per_second: 2,
            connections: Some(8),
            per_user: Rates::default(),
            ..Limits::default()
        },
        ..App::new(AppId::new("1"), vec![KeyPair::new("key", "secret")])
    }
}

impl World {
    pub(super) fn new() -> Self {
        Self::of(app())
    }

    pub(super) fn with(limits: Limits) -> Self {
        Self::of(App { limits, ..app() })
    }

    pub(super) fn of(app: App) -> Self {
        Self::on(app, MemoryStore::new(), 10_000)
    }
}

impl<S: Store> World<S> {
    /// A service on a store, at a time.
    pub(super) fn on(app: App, store: S, now_ms: u64) -> Self {
        let log = Log::default();
        let apps = Apps::new(vec![app]).unwrap();
        let service = Service::new(apps, store, log.clone(), OnePost);
        Self { service, log, now_ms: AtomicU64::new(now_ms) }
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    /// The clock goes on; nothing becomes due by that.
    pub(super) fn wait(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    pub(super) async fn arrive(&self, n: u64, credential: Credential) -> Result<(), Fault> {
        self.arrive_as(n, "key", socket(n), credential).await
    }

    /// A connection to the app of a key, under a socket id of the test's choice.
    pub(super) async fn arrive_as(
        &self,
        n: u64,
        key: &str,
        socket_id: SocketId,
        credential: Credential,
    ) -> Result<(), Fault> {
        let arrival = Arrival {
            id: id(n),
            socket_id,
            key,
            protocol: Some("7"),
            origin: None,
            from: None,
            now_ms: 10_000,
            credential,
        };
        self.service.connect(arrival).await?;
        self.log.open.lock().unwrap().insert(id(n));
        self.service.greet(&id(n), self.now_ms()).await;
        Ok(())
    }

    /// A pusher-js client; what was sent so far is forgotten.
    pub(super) async fn connect(&self, n: u64) {
        self.connect_quietly(n).await;
        self.heard();
    }

    pub(super) async fn connect_quietly(&self, n: u64) {
        self.arrive(n, Credential::None).await.unwrap();
    }

    /// Signs in, the data signed by the application.
    pub(super) async fn sign_in(&self, n: u64, user_data: &str) {
        let auth = sign_user(&app().keys[0], socket(n), user_data);
        let data = serde_json::json!({ "auth": auth, "user_data": user_data });
        let frame = serde_json::json!({ "event": "pusher:signin", "data": data });
        self.says(n, &frame.to_string()).await;
    }

    /// A plain client, member of `workspace`.
    pub(super) async fn connect_as(&self, n: u64, user: &str, workspace: &str) {
        let workspaces = vec![Workspace { id: WorkspaceId::new(workspace), role: None }];
        let user = User { id: UserId::new(user), info: None, workspaces };
        self.arrive(n, Credential::User(Arc::new(user))).await.unwrap();
    }

    pub(super) async fn says(&self, n: u64, text: &str) {
        let asked = Asked::at_ms(self.now_ms());
        self.service.message(&id(n), text, asked, self.now_ms()).await;
    }

    /// Subscribes with a signature; as `user` on presence channels.
    pub(super) async fn subscribe(&self, n: u64, channel: &str, user: Option<&str>) {
        let data = user.map(|user| format!(r#"{{"user_id":"{user}"}}"#));
        let auth = sign_channel(&app().keys[0], socket(n), channel, data.as_deref());
        let ask = serde_json::json!({ "channel": channel, "auth": auth, "channel_data": data });
        self.says(n, &serde_json::json!({ "event": "pusher:subscribe", "data": ask }).to_string())
            .await;
    }

    pub(super) async fn unsubscribe(&self, n: u64, channel: &str) {
        let frame =
            serde_json::json!({ "event": "pusher:unsubscribe", "data": { "channel": channel } });
        self.says(n, &frame.to_string()).await;
    }

    /// The transport learns that the connection is over, and says so.
    pub(super) async fn close(&self, n: u64) {
        self.vanish(n);
        self.service.close(&id(n)).await;
    }

    /// The connection is over and nobody knows yet.
    pub(super) fn vanish(&self, n: u64) {
        self.log.open.lock().unwrap().remove(&id(n));
    }

    /// Whether the connection is over for the transport; the service may not know yet.
    pub(super) fn is_over(&self, n: u64) -> bool {
        !self.log.open.lock().unwrap().contains(&id(n))
    }

    pub(super) async fn publish(&self, channel: &str, except: Option<u64>) {
        let publish = Publish {
            channels: vec![ChannelName::parse(channel).unwrap()],
            event: EventName::parse("e").unwrap(),
            data: "d".into(),
            except: except.map(socket),
            info: Default::default(),
        };
        let app = Arc::clone(self.service.apps().first());
        self.service.publish(&app, &publish, self.now_ms()).await.unwrap();
    }

    /// What was sent since the last look, a line each: `receiver: frame`.
    pub(super) fn heard(&self) -> String {
        let lines = std::mem::take(&mut *self.log.lines.lock().unwrap());
        lines.iter().map(|(to, frame)| format!("{to}: {frame}\n")).collect()
    }

    /// What the application's server was told since the last look.
    pub(super) fn hooks(&self) -> Vec<Hook> {
        std::mem::take(&mut *self.log.hooks.lock().unwrap())
    }

    /// The same, a line each.
    pub(super) fn hook_lines(&self) -> String {
        self.hooks().iter().map(|hook| format!("{hook:?}\n")).collect()
    }

    /// All that was put off becomes due, and what is put off meanwhile.
    pub(super) async fn time_passes(&self) {
        while let Some(job) = self.take_job(0) {
            self.service.look_again(job).await;
        }
    }

    /// Takes one of the jobs put off, if there is any; what they wait for may come in any order.
    pub(super) fn take_job(&self, n: usize) -> Option<Job> {
        let mut jobs = self.log.jobs.lock().unwrap();
        let count = jobs.len();
        (count > 0).then(|| jobs.remove(n % count).1)
    }

    /// The frames among what was sent, as JSON by receiver; a close is none.
    pub(super) fn frames(&self) -> BTreeMap<String, Vec<serde_json::Value>> {
        let mut frames: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
        for (to, frame) in std::mem::take(&mut *self.log.lines.lock().unwrap()) {
            if !frame.starts_with("closed ") {
                frames.entry(to).or_default().push(serde_json::from_str(&frame).unwrap());
            }
        }
        frames
    }
}
