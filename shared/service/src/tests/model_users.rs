//! Random sign-ins, losses and terminations against a small model: what watchers were told adds up to who is
//! signed in, and a user's own channel is theirs alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use channels::{App, Limits};
use proptest::prelude::*;
use protocol::UserId;
use protocol::limits::DENIED_S;

use super::world::{World, app, id};

const CONNECTIONS: u64 = 5;
const USERS: u8 = 3;

#[derive(Debug, Clone)]
enum Step {
    Connect(u64),
    /// As this user, watching those whose bits are set.
    SignIn(u64, u8, u8),
    /// Asks for the own channel of this user.
    Own(u64, u8),
    Close(u64),
    Terminate(u8),
    Job(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (connection, user) = (0..CONNECTIONS, 0..USERS);
    prop_oneof![
        4 => connection.clone().prop_map(Step::Connect),
        8 => (connection.clone(), user.clone(), 0..8u8).prop_map(|(n, u, w)| Step::SignIn(n, u, w)),
        3 => (connection.clone(), user.clone()).prop_map(|(n, u)| Step::Own(n, u)),
        4 => connection.prop_map(Step::Close),
        1 => user.prop_map(Step::Terminate),
        3 => (0..4usize).prop_map(Step::Job),
        1 => (0..20_000u64).prop_map(Step::Wait),
    ]
}

/// What must be true.
#[derive(Default)]
struct Model {
    open: BTreeSet<u64>,
    user: BTreeMap<u64, u8>,
    watches: BTreeMap<u64, u8>,
    own: BTreeSet<u64>,
    denied_until_ms: BTreeMap<u8, u64>,
}

impl Model {
    fn apply(&mut self, step: &Step, now_ms: u64) {
        match *step {
            Step::Connect(n) => drop(self.open.insert(n)),
            Step::SignIn(n, user, watches) if self.open.contains(&n) => {
                if self.user.get(&n).is_some_and(|it| *it != user) {
                    return;
                }
                if self.denied_until_ms.get(&user).is_some_and(|until| *until > now_ms) {
                    return self.end(n);
                }
                self.user.insert(n, user);
                self.watches.insert(n, watches);
            }
            Step::Own(n, user) if self.user.get(&n) == Some(&user) => drop(self.own.insert(n)),
            Step::Close(n) => self.end(n),
            Step::Terminate(user) => {
                self.denied_until_ms.insert(user, now_ms + DENIED_S * 1_000);
                let theirs = self.user.iter().filter(|(_, it)| **it == user);
                let theirs: Vec<u64> = theirs.map(|(n, _)| *n).collect();
                theirs.into_iter().for_each(|n| self.end(n));
            }
            Step::SignIn(..) | Step::Own(..) | Step::Job(_) | Step::Wait(_) => {}
        }
    }

    fn end(&mut self, n: u64) {
        self.open.remove(&n);
        self.user.remove(&n);
        self.watches.remove(&n);
        self.own.remove(&n);
    }

    /// What a watcher must believe.
    fn picture(&self, n: u64) -> BTreeMap<String, bool> {
        let watches = self.watches.get(&n).copied().unwrap_or_default();
        let watched = (0..USERS).filter(|user| watches & (1 << user) != 0);
        watched.map(|user| (name(user), self.user.values().any(|it| *it == user))).collect()
    }
}

fn name(user: u8) -> String {
    format!("u{user}")
}

/// What each client believes of those it watches.
type Beliefs = BTreeMap<String, BTreeMap<String, bool>>;

fn listen(world: &World, beliefs: &mut Beliefs) {
    for (client, frames) in world.frames() {
        let believed = beliefs.entry(client).or_default();
        for frame in frames {
            match frame["event"].as_str().unwrap() {
                // A first picture follows.
                "pusher:signin_success" => believed.clear(),
                "pusher_internal:watchlist_events" => {
                    for event in frame["data"]["events"].as_array().unwrap() {
                        let online = event["name"] == "online";
                        for user in event["user_ids"].as_array().unwrap() {
                            let user = user.as_str().unwrap().to_owned();
                            let before = believed.insert(user, online);
                            assert_ne!(before, Some(online), "no news: {frame}");
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

async fn act(world: &World, model: &Model, step: &Step) {
    match *step {
        Step::Connect(n) if !model.open.contains(&n) => world.connect_quietly(n).await,
        Step::SignIn(n, user, watches) => {
            let watchlist = (0..USERS).filter(|it| watches & (1 << it) != 0).map(name);
            let watchlist: Vec<String> = watchlist.collect();
            let data = serde_json::json!({ "id": name(user), "watchlist": watchlist });
            world.sign_in(n, &data.to_string()).await;
        }
        Step::Own(n, user) => {
            let channel = format!("#server-to-user-{}", name(user));
            let data = serde_json::json!({ "channel": channel, "auth": "" });
            let frame = serde_json::json!({ "event": "pusher:subscribe", "data": data });
            world.says(n, &frame.to_string()).await;
        }
        Step::Close(n) => world.close(n).await,
        Step::Terminate(user) => {
            let (app, user) = (world.service.apps().first().clone(), UserId::new(name(user)));
            world.service.terminate_connections(&app, &user, world.now_ms()).await.unwrap();
        }
        Step::Job(n) => {
            if let Some(job) = world.take_job(n) {
                world.service.look_again(job).await;
            }
        }
        Step::Wait(ms) => world.wait(ms),
        Step::Connect(_) => {}
    }
}

async fn play(steps: Vec<Step>) {
    let (world, mut model, mut beliefs) = (World::new(), Model::default(), Beliefs::new());
    for step in &steps {
        let now_ms = world.now_ms();
        act(&world, &model, step).await;
        model.apply(step, now_ms);
        listen(&world, &mut beliefs);
        for n in (0..CONNECTIONS).filter(|n| world.is_over(*n)) {
            // What the service closed is reported back by the transport.
            world.service.close(&id(n)).await;
            beliefs.remove(&id(n).to_string());
        }
        let over: BTreeSet<u64> = (0..CONNECTIONS).filter(|n| !world.is_over(*n)).collect();
        assert_eq!(over, model.open);
    }
    world.time_passes().await;
    listen(&world, &mut beliefs);
    for n in &model.open {
        let believed = beliefs.remove(&id(*n).to_string()).unwrap_or_default();
        assert_eq!(believed, model.picture(*n), "{n}");
    }
    for user in 0..USERS {
        world.publish(&format!("#server-to-user-{}", name(user)), None).await;
        let heard: BTreeSet<String> = world.frames().into_keys().collect();
        let own = model.own.iter().filter(|n| model.user[n] == user);
        assert_eq!(heard, own.map(|n| id(*n).to_string()).collect());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_watchers_were_told_adds_up(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(steps));
    }
}

/// Many at once: without an order of all news, a first picture could be overtaken by what changed after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_watcher_was_told_adds_up_when_all_happens_at_once() {
    let world = Arc::new(World::of(App { limits: Limits::default(), ..app() }));
    let watchlist = r#"["u0","u1","u2"]"#;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..6_u64 {
        let world = Arc::clone(&world);
        tasks.spawn(async move {
            for round in 0..100 {
                let n = 1_000 * (task + 1) + round;
                world.connect_quietly(n).await;
                let data = format!(r#"{{"id":"u{}","watchlist":{watchlist}}}"#, (task + round) % 3);
                world.sign_in(n, &data).await;
                tokio::task::yield_now().await;
                while let Some(job) = world.take_job(0) {
                    world.service.look_again(job).await;
                }
                if round < 99 {
                    world.close(n).await;
                }
            }
        });
    }
    // One watcher signs in again and again, and so gets many first pictures.
    world.connect_quietly(0).await;
    for _ in 0..200 {
        world.sign_in(0, &format!(r#"{{"id":"watcher","watchlist":{watchlist}}}"#)).await;
        tokio::task::yield_now().await;
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    world.time_passes().await;
    let mut beliefs = Beliefs::new();
    listen(&world, &mut beliefs);
    let all_online: BTreeMap<String, bool> = (0..USERS).map(|user| (name(user), true)).collect();
    assert_eq!(beliefs[&id(0).to_string()], all_online);
}
