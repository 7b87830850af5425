//! Random sequences of all verbs against one small model, on each store: every frame that anybody hears, what the application's
//! server is told, and what lists and counts answer after each step.

mod expected;
mod stores;

use std::collections::BTreeMap;

use channels::{App, Counts, EventsAfter, HistoryRule, Hook, Job, Limits, ListChannels};
use proptest::prelude::*;
use protocol::{ChannelName, Serial, UserId};
use store::Store;

use super::world::{World, app, id};
use expected::{Heard, Model};

const CONNECTIONS: u64 = 5;
const USERS: u8 = 3;
/// A channel of every kind; the last one is the first user's own.
const CHANNELS: [&str; 8] = [
    "news",
    "private-a",
    "private-encrypted-a",
    "presence-a",
    "cache-a",
    "private-cache-log",
    "presence-cache-a",
    "#server-to-user-u0",
];
/// The one with a history.
const LOG: usize = 5;
const LOG_COUNT: usize = 4;
const LOG_AGE_S: u32 = 60;
/// Steps between two looks at all channels, which take longer than the steps.
const LOOK_AT_ALL_EVERY: usize = 8;
/// From here on what was put off is due before the clock goes on.
const DUE_MS: u64 = 3_000;

#[derive(Debug, Clone)]
enum Step {
    Connect(u64),
    /// As this user, watching those whose bits are set.
    SignIn(u64, u8, u8),
    Subscribe(u64, usize, u8),
    Unsubscribe(u64, usize),
    Say(u64, usize),
    Publish(usize, Option<u64>),
    Close(u64),
    Terminate(u8),
    Job(usize),
    Wait(u64),
    /// Asks for what came after the event so many back.
    Missed(usize),
}

impl Step {
    /// The channel that it is about, if it is about one.
    fn channel(&self) -> Option<usize> {
        match *self {
            Self::Subscribe(_, c, _) | Self::Unsubscribe(_, c) => Some(c),
            Self::Say(_, c) | Self::Publish(c, _) => Some(c),
            _ => None,
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let (n, c, u) = (0..CONNECTIONS, 0..CHANNELS.len(), 0..USERS);
    let wait = prop_oneof![0..1_000u64, 3_000..70_000u64, 1_799_000..1_801_000u64];
    prop_oneof![
        6 => n.clone().prop_map(Step::Connect),
        5 => (n.clone(), u.clone(), 0..8u8).prop_map(|(n, u, w)| Step::SignIn(n, u, w)),
        14 => (n.clone(), c.clone(), u.clone()).prop_map(|(n, c, u)| Step::Subscribe(n, c, u)),
        5 => (n.clone(), c.clone()).prop_map(|(n, c)| Step::Unsubscribe(n, c)),
        3 => (n.clone(), c.clone()).prop_map(|(n, c)| Step::Say(n, c)),
        4 => (c, proptest::option::of(n.clone())).prop_map(|(c, n)| Step::Publish(c, n)),
        4 => n.prop_map(Step::Close),
        1 => u.prop_map(Step::Terminate),
        4 => (0..4usize).prop_map(Step::Job),
        2 => wait.prop_map(Step::Wait),
        2 => (0..6usize).prop_map(Step::Missed),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..60)
}

fn user(user: u8) -> String {
    format!("u{user}")
}

fn name(channel: usize) -> ChannelName {
    ChannelName::parse(CHANNELS[channel]).unwrap()
}

fn server() -> App {
    let history =
        vec![HistoryRule { prefix: CHANNELS[LOG].into(), count: LOG_COUNT, age_s: LOG_AGE_S }];
    let limits = Limits { client_events_per_second: 1_000, ..Limits::default() };
    App { history, limits, ..app() }
}

/// One case, on a fresh store.
async fn run<S: Store>(store: S, now_ms: u64, steps: &[Step], clock: impl Fn(u64)) {
    let (world, mut model) = (World::on(server(), store, now_ms), Model::default());
    for (at, step) in steps.iter().enumerate() {
        let job = match step {
            Step::Job(n) => world.take_job(*n),
            _ => None,
        };
        if let Step::Wait(ms) = step {
            // Jobs run in time, or not at all.
            while let Some(job) = (*ms >= DUE_MS).then(|| world.take_job(0)).flatten() {
                look_again(&world, &mut model, job, step).await;
            }
            world.wait(*ms);
            clock(world.now_ms());
        }
        if let Some(job) = job {
            look_again(&world, &mut model, job, step).await;
            continue;
        }
        act(&world, &model, step).await;
        let expected = model.apply(step, world.now_ms());
        compare(&world, &model, &expected, step);
        let touched = if at % LOOK_AT_ALL_EVERY == 0 { None } else { Some(step.channel()) };
        look(&world, &model, touched, step).await;
        missed(&world, &mut model, step).await;
    }
    while let Some(job) = world.take_job(0) {
        look_again(&world, &mut model, job, &Step::Wait(DUE_MS)).await;
    }
    look(&world, &model, None, &Step::Wait(DUE_MS)).await;
}

async fn look_again<S: Store>(world: &World<S>, model: &mut Model, job: Job, step: &Step) {
    world.service.look_again(job.clone()).await;
    let expected = model.confirm(&job);
    compare(world, model, &expected, step);
}

async fn act<S: Store>(world: &World<S>, model: &Model, step: &Step) {
    match *step {
        Step::Connect(n) if !model.open.contains(&n) => world.connect_quietly(n).await,
        Step::SignIn(n, as_user, watches) => {
            let watchlist = (0..USERS).filter(|it| watches & (1 << it) != 0).map(user);
            let watchlist: Vec<String> = watchlist.collect();
            let data = serde_json::json!({ "id": user(as_user), "watchlist": watchlist });
            world.sign_in(n, &data.to_string()).await;
        }
        Step::Subscribe(n, c, u) => {
            let member = name(c).is_presence().then(|| user(u));
            world.subscribe(n, CHANNELS[c], member.as_deref()).await;
        }
        Step::Unsubscribe(n, c) => world.unsubscribe(n, CHANNELS[c]).await,
        Step::Say(n, c) => {
            let frame = serde_json::json!({ "event": "client-x", "channel": CHANNELS[c] });
            world.says(n, &frame.to_string()).await;
        }
        Step::Publish(c, except) => world.publish(CHANNELS[c], except).await,
        Step::Close(n) if model.open.contains(&n) => world.close(n).await,
        Step::Terminate(u) => {
            let (app, user) = (world.service.apps().first().clone(), UserId::new(user(u)));
            world.service.terminate_connections(&app, &user, world.now_ms()).await.unwrap();
        }
        Step::Connect(_) | Step::Close(_) | Step::Job(_) | Step::Wait(_) | Step::Missed(_) => {}
    }
    for n in (0..CONNECTIONS).filter(|n| model.open.contains(n) && world.is_over(*n)) {
        // What the service closed is reported back by the transport.
        world.service.close(&id(n)).await;
    }
}

/// What everyone heard.
fn compare<S: Store>(world: &World<S>, model: &Model, expected: &Heard, step: &Step) {
    let open: Vec<u64> = (0..CONNECTIONS).filter(|n| !world.is_over(*n)).collect();
    assert_eq!(open, model.open.iter().copied().collect::<Vec<_>>(), "{step:?}");
    let mut heard = Heard::default();
    for (client, frames) in world.frames() {
        heard.frames.insert(client, frames.iter().map(expected::words).collect());
    }
    heard.hooks = world.hooks().iter().filter_map(told).collect();
    assert_eq!(&heard, expected, "{step:?}");
}

/// What the store answers now: of one channel, of none, or of all with the lists.
async fn look<S: Store>(world: &World<S>, model: &Model, only: Option<Option<usize>>, step: &Step) {
    let (app, service) = (world.service.apps().first().clone(), &world.service);
    let mut occupied = Vec::new();
    for c in (0..CHANNELS.len()).filter(|c| only.is_none_or(|only| only == Some(*c))) {
        let users: Vec<UserId> = model.members(c).into_iter().map(UserId::new).collect();
        let counts = Counts { subscriptions: model.subscribers(c).count(), users: users.len() };
        assert_eq!(service.get_channel(&app, &name(c)).await.unwrap(), counts, "{step:?}");
        assert_eq!(service.list_users(&app, &name(c)).await.unwrap(), users, "{step:?}");
        let cached = service.cached(&app, &name(c), world.now_ms()).await.unwrap();
        assert_eq!(cached.is_some(), model.is_cached(c, world.now_ms()), "{step:?}");
        if counts != Counts::default() {
            occupied.push((name(c), counts));
        }
    }
    if only.is_some() {
        return;
    }
    occupied.sort_by(|(a, _), (b, _)| a.cmp(b));
    for prefix in ["", "presence-"] {
        let ask = ListChannels { prefix: prefix.to_owned(), info: Default::default() };
        let listed = service.list_channels(&app, &ask).await.unwrap();
        let matching = occupied.iter().filter(|(name, _)| name.as_str().starts_with(prefix));
        assert_eq!(listed, matching.cloned().collect::<Vec<_>>(), "{step:?}");
    }
}

/// Learns the serial of a new event, and asks for what came after an old one.
async fn missed<S: Store>(world: &World<S>, model: &mut Model, step: &Step) {
    let ask = async |after: u64| {
        let ask = EventsAfter { channel: name(LOG), after: Serial::new(after) };
        let (app, now_ms) = (world.service.apps().first().clone(), world.now_ms());
        let missed = world.service.events_after(&app, &ask, now_ms).await.unwrap();
        let serials = missed.events.iter().filter_map(|it| it.serial).map(Serial::number);
        (serials.collect::<Vec<u64>>(), missed.complete)
    };
    let last = model.log.last().map_or(0, |(serial, _)| *serial);
    if std::mem::take(&mut model.is_logged) {
        let (new, _) = ask(last).await;
        let [serial] = new[..] else { panic!("one new event, not {new:?}: {step:?}") };
        assert!(serial > last, "{step:?}");
        model.log.push((serial, world.now_ms()));
    }
    let Step::Missed(back) = step else { return };
    let Some((after, _)) = model.log.iter().rev().nth(*back) else { return };
    let later = model.log.iter().filter(|(serial, _)| serial > after);
    let kept = model.log.iter().rev().take(LOG_COUNT);
    let kept = kept.filter(|(_, at)| world.now_ms() < at + u64::from(LOG_AGE_S) * 1_000);
    let mut kept: Vec<u64> = kept.map(|(it, _)| *it).filter(|it| it > after).collect();
    kept.reverse();
    let is_complete = later.count() == kept.len();
    assert_eq!(ask(*after).await, (kept, is_complete), "{step:?}");
}

/// What the application's server is told, but for misses and clients' events.
fn told(hook: &Hook) -> Option<String> {
    let channel = hook.channel();
    match hook {
        Hook::ChannelOccupied { .. } => Some(format!("occupied {channel}")),
        Hook::ChannelVacated { .. } => Some(format!("vacated {channel}")),
        Hook::MemberAdded { user_id, .. } => Some(format!("added {channel} {user_id}")),
        Hook::MemberRemoved { user_id, .. } => Some(format!("removed {channel} {user_id}")),
        _ => None,
    }
}

/// What is heard by whom, in order.
type Frames = BTreeMap<String, Vec<String>>;
