//! A fake as a server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::fault::Fault;
use crate::mastodon::Instance;
use crate::wire::{Reply, Request};
use crate::world::{Row, World};
use crate::{
    bluesky, discord, facebook, instagram, linkedin, mastodon, oauth, slack, telegram, threads,
    webhook, x,
};

/// Which platform a fake plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Bluesky,
    Discord,
    Facebook,
    Instagram,
    LinkedIn,
    Mastodon,
    Slack,
    Telegram,
    Threads,
    Webhook,
    X,
}

/// A platform on loopback. It ends when it is dropped.
///
/// Beside its platform's routes it has two of its own, for tests in other languages: `POST /_fake/faults` with a list of
/// faults, and `GET /_fake/ledger`.
#[derive(Debug)]
pub struct Fake {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    task: AbortHandle,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "World({} rows)", self.ledger.len())
    }
}

impl Fake {
    /// Starts a fake on a free port.
    ///
    /// # Errors
    /// When loopback cannot be listened on.
    pub async fn start(kind: Kind) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let world = Arc::new(Mutex::new(World::new(format!("http://{address}"))));
        let shared = Arc::clone(&world);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(kind, stream, Arc::clone(&shared)));
            }
        });
        Ok(Self { address, world, task: task.abort_handle() })
    }

    /// Where it listens, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What its next publishing calls do, in order.
    pub fn play(&self, faults: impl IntoIterator<Item = Fault>) {
        self.world().faults.extend(faults);
    }

    /// How many looks find what is uploaded from now on still in progress.
    pub fn work_for(&self, looks: u32) {
        self.world().looks = looks;
    }

    /// Has it refuse a post that says the same as the account's last one, as X, LinkedIn and Facebook do mostly. It is off
    /// at first: a guard that is relied on hides what is published twice.
    pub fn guard(&self) {
        self.world().guards = true;
    }

    /// Whether people who are asked for access deny it from now on.
    pub fn deny(&self, denies: bool) {
        self.world().denies = denies;
    }

    /// How often servers registered here.
    pub fn registered(&self) -> u32 {
        self.world().registered
    }

    /// Has so much of a day's quota of 50 posts be used.
    pub fn use_quota(&self, used: u64) {
        self.world().quota_used = used;
    }

    /// Has every container expire that is not published, as if a day were over.
    pub fn expire_containers(&self) {
        self.world().containers.values_mut().for_each(|it| it.expired = !it.published);
    }

    /// Has the platform know nothing any more of containers, published or not.
    pub fn forget_containers(&self) {
        self.world().containers.clear();
    }

    /// Has so many containers expire as soon as they are made.
    pub fn make_short_lived(&self, containers: usize) {
        self.world().short_lived = containers;
    }

    /// Has the next container expire when it is to be published, after it was looked at.
    pub fn expire_at_publish(&self) {
        self.world().expires_at_publish = true;
    }

    /// What a server of Mastodon does from now on when it is asked what it takes.
    pub fn is_asked(&self, instance: Instance) {
        self.world().instance = instance;
    }

    /// Makes the token of all accounts another one, as if it had ended.
    pub fn expire(&self) {
        "another".clone_into(&mut self.world().token);
    }

    /// Everything that was committed, the oldest first.
    pub fn ledger(&self) -> Vec<Row> {
        self.world().ledger.clone()
    }

    /// The calls that came, as `METHOD path`, the oldest first. Tokens in paths are left out.
    pub fn calls(&self) -> Vec<String> {
        self.world().calls.clone()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(kind: Kind, mut stream: TcpStream, world: Arc<Mutex<World>>) {
    let Some(mut request) = Request::read(&mut stream).await else { return };
    match kind {
        Kind::Instagram | Kind::Threads => request.fetch("image_url").await,
        Kind::Facebook => request.fetch("url").await,
        _ => {}
    }
    let reply = {
        let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
        answer(kind, &mut world, &request)
    };
    reply.write(stream).await;
}

fn answer(kind: Kind, world: &mut World, request: &Request) -> Reply {
    match request.route() {
        ("POST", path) if path == ["_fake", "faults"] => {
            let faults: Vec<Fault> = serde_json::from_value(request.json()).unwrap_or_default();
            world.faults.extend(faults);
            return Reply::empty(204);
        }
        ("GET", path) if path == ["_fake", "ledger"] => {
            return Reply::json(200, json!(world.ledger));
        }
        _ => {}
    }
    world.calls.push(format!(
        "{} {}",
        request.method,
        request.path.join("/").replace(&world.token, "…")
    ));
    if let Some(reply) = oauth::answer(world, request) {
        return reply;
    }
    match kind {
        Kind::Bluesky => bluesky::answer(world, request),
        Kind::Discord => discord::answer(world, request),
        Kind::Facebook => facebook::answer(world, request),
        Kind::Instagram => instagram::answer(world, request),
        Kind::LinkedIn => linkedin::answer(world, request),
        Kind::Mastodon => mastodon::answer(world, request),
        Kind::Slack => slack::answer(world, request),
        Kind::Telegram => telegram::answer(world, request),
        Kind::Threads => threads::answer(world, request),
        Kind::Webhook => webhook::answer(world, request),
        Kind::X => x::answer(world, request),
    }
}
