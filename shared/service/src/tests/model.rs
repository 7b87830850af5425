//! Random sequences of verbs against a small model: what clients were told adds up to who is there.

use std::collections::{BTreeMap, BTreeSet};

use channels::Hook;
use proptest::prelude::*;

use super::world::World;

const CONNECTIONS: u64 = 5;
const CHANNELS: [&str; 2] = ["presence-a", "presence-b"];

#[derive(Debug, Clone)]
enum Step {
    Connect(u64),
    Subscribe(u64, usize, u8),
    Unsubscribe(u64, usize),
    Close(u64),
    Vanish(u64),
    Publish(usize),
    Job(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let connection = 0..CONNECTIONS;
    let channel = 0..CHANNELS.len();
    prop_oneof![
        3 => connection.clone().prop_map(Step::Connect),
        6 => (connection.clone(), channel.clone(), 0..3u8).prop_map(|(n, c, u)| Step::Subscribe(n, c, u)),
        3 => (connection.clone(), channel.clone()).prop_map(|(n, c)| Step::Unsubscribe(n, c)),
        2 => connection.clone().prop_map(Step::Close),
        1 => connection.prop_map(Step::Vanish),
        2 => channel.prop_map(Step::Publish),
        3 => (0..4usize).prop_map(Step::Job),
    ]
}

/// What must be true: who is connected, and as whom on which channel.
#[derive(Default)]
struct Model {
    open: BTreeSet<u64>,
    seats: BTreeMap<(usize, u64), String>,
}

impl Model {
    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Connect(n) => {
                self.open.insert(n);
            }
            Step::Subscribe(n, channel, user) if self.open.contains(&n) => {
                self.seats.entry((channel, n)).or_insert_with(|| format!("u{user}"));
            }
            Step::Unsubscribe(n, channel) => {
                self.seats.remove(&(channel, n));
            }
            Step::Close(n) | Step::Vanish(n) => {
                self.open.remove(&n);
                self.seats.retain(|(_, it), _| *it != n);
            }
            Step::Subscribe(..) | Step::Publish(_) | Step::Job(_) => {}
        }
    }

    fn members(&self, channel: usize) -> BTreeSet<String> {
        self.seats
            .iter()
            .filter(|((c, _), _)| *c == channel)
            .map(|(_, user)| user.clone())
            .collect()
    }
}

impl Model {
    /// What the application's server must believe in the end.
    fn told(&self) -> Told {
        let name = |channel: usize| CHANNELS[channel].to_owned();
        let occupied = self.seats.keys().map(|(channel, _)| name(*channel)).collect();
        let members = self.seats.iter().map(|((c, _), user)| (name(*c), user.clone())).collect();
        (occupied, members)
    }
}

/// What one client believes of the channels it is on, from the frames it got.
type Beliefs = BTreeMap<(String, String), BTreeSet<String>>;

fn believe(beliefs: &mut Beliefs, client: &str, frame: &serde_json::Value) {
    let Some(channel) = frame["channel"].as_str() else { return };
    let key = (client.to_owned(), channel.to_owned());
    let data =
        || serde_json::from_str::<serde_json::Value>(frame["data"].as_str().unwrap()).unwrap();
    let user = |data: &serde_json::Value| data["user_id"].as_str().unwrap().to_owned();
    match frame["event"].as_str().unwrap() {
        "pusher_internal:subscription_succeeded" => {
            let ids = data()["presence"]["ids"].as_array().unwrap().clone();
            let ids = ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
            beliefs.insert(key, ids);
        }
        "pusher_internal:member_added" => {
            let fresh = beliefs.get_mut(&key).unwrap().insert(user(&data()));
            assert!(fresh, "a member was added twice: {frame}");
        }
        "pusher_internal:member_removed" => {
            let known = beliefs.get_mut(&key).unwrap().remove(&user(&data()));
            assert!(known, "a member was removed who was not there: {frame}");
        }
        _ => {}
    }
}

fn listen(world: &World, beliefs: &mut Beliefs) {
    for (client, frames) in world.frames() {
        for frame in frames {
            believe(beliefs, &client, &frame);
        }
    }
}

async fn play(steps: Vec<Step>) {
    let (world, mut model, mut beliefs) = (World::new(), Model::default(), Beliefs::new());
    for step in &steps {
        match *step {
            Step::Connect(n) if !model.open.contains(&n) => {
                // A transport never gives an id twice; here the old one is buried first.
                world.service.close(&super::world::id(n)).await;
                listen(&world, &mut beliefs);
                world.connect(n).await;
            }
            Step::Connect(_) => {}
            Step::Subscribe(n, c, u) => {
                world.subscribe(n, CHANNELS[c], Some(&format!("u{u}"))).await
            }
            Step::Unsubscribe(n, c) => {
                world.unsubscribe(n, CHANNELS[c]).await;
                beliefs.remove(&(super::world::id(n).to_string(), CHANNELS[c].to_owned()));
            }
            Step::Close(n) => world.close(n).await,
            Step::Vanish(n) => world.vanish(n),
            Step::Publish(c) => world.publish(CHANNELS[c], None).await,
            Step::Job(n) => {
                if let Some(job) = world.take_job(n) {
                    world.service.look_again(job).await;
                }
            }
        }
        model.apply(step);
        listen(&world, &mut beliefs);
        if let Step::Close(n) | Step::Vanish(n) = *step {
            let gone = super::world::id(n).to_string();
            beliefs.retain(|(client, _), _| *client != gone);
        }
    }
    // Whoever vanished is found out by the next frames to them.
    for channel in CHANNELS {
        world.publish(channel, None).await;
    }
    world.time_passes().await;
    listen(&world, &mut beliefs);
    for (channel, n) in model.seats.keys() {
        let key = (super::world::id(*n).to_string(), CHANNELS[*channel].to_owned());
        assert_eq!(beliefs.get(&key), Some(&model.members(*channel)), "{key:?}");
    }
    assert_eq!(beliefs.len(), model.seats.len());
    assert_eq!(told(&world.hooks()), model.told());
}

/// What the application's server believes: occupied channels, and members of them.
type Told = (BTreeSet<String>, BTreeSet<(String, String)>);

/// Adds up what it was told; nothing may begin twice, or end without having begun.
fn told(hooks: &[Hook]) -> Told {
    let (mut occupied, mut members) = Told::default();
    for hook in hooks {
        let channel = hook.channel().to_string();
        let fits = match hook {
            Hook::ChannelOccupied { .. } => occupied.insert(channel),
            Hook::ChannelVacated { .. } => occupied.remove(&channel),
            Hook::MemberAdded { user_id, .. } => members.insert((channel, user_id.to_string())),
            Hook::MemberRemoved { user_id, .. } => members.remove(&(channel, user_id.to_string())),
            _ => true,
        };
        assert!(fits, "{hook:?} does not follow from {hooks:?}");
    }
    (occupied, members)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_clients_were_told_adds_up(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(steps));
    }
}

/// Many at once on one channel: without an order per channel, a leave told late would take
/// a member away who had come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_an_observer_was_told_adds_up_when_all_happens_at_once() {
    let world = std::sync::Arc::new(World::new());
    world.connect(0).await;
    world.subscribe(0, CHANNELS[0], Some("observer")).await;
    for n in 1..8 {
        world.connect_quietly(n).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for n in 1..8 {
        let world = std::sync::Arc::clone(&world);
        tasks.spawn(async move {
            for _ in 0..300 {
                // Three users share seven connections, so that firsts and lasts abound.
                world.subscribe(n, CHANNELS[0], Some(&format!("u{}", n % 3))).await;
                tokio::task::yield_now().await;
                world.unsubscribe(n, CHANNELS[0]).await;
            }
            world.subscribe(n, CHANNELS[0], Some(&format!("u{}", n % 3))).await;
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let mut beliefs = Beliefs::new();
    for frame in world.frames().remove("c0").unwrap() {
        believe(&mut beliefs, "c0", &frame);
    }
    let expected = ["observer", "u0", "u1", "u2"].map(str::to_owned).into();
    assert_eq!(beliefs.into_values().next(), Some(expected));
}
