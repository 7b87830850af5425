//! Joins, leaves, losses and closes, all at once and in any order: afterwards the store says what a model says, what callers
//! were told adds up to it, and nothing is left once all are gone.

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use channels::{Absence, App, Asked, Connection, Joined, Leaving, Left, Limits};
use dynamo::DynamoStore;
use protocol::{ChannelName, ConnectionId};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use store::conformance::{ASKED, app, connection, join, name};
use store::{Closed, Store};
use tokio::task::JoinSet;

/// Verbs at once in each race.
const VERBS: usize = 200;
const CONNECTIONS: usize = 12;
/// Connections of each user.
const PER_USER: usize = 3;
const CHANNELS: [&str; 4] = ["a", "b", "presence-a", "presence-b"];

#[derive(Debug, Clone, Copy)]
enum Verb {
    Join,
    Leave,
    Lose,
}

/// What is raced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Verbs of one connection and channel in order, all others at once.
    Orderly,
    /// As that, and some connections close meanwhile.
    Closing,
    /// Verbs of one connection and channel in any order, all others at once: the wish that was asked for last counts.
    Reordered,
    /// As that, and some connections close meanwhile.
    ReorderedAndClosing,
    /// All verbs at once, those of one connection and channel too: the wish that was asked for last counts.
    Overlapping,
    /// As that, and some connections close meanwhile.
    OverlappingAndClosing,
}

impl Kind {
    fn of(seed: u64) -> Self {
        let kinds = [
            Self::Orderly,
            Self::Closing,
            Self::Reordered,
            Self::ReorderedAndClosing,
            Self::Overlapping,
            Self::OverlappingAndClosing,
        ];
        kinds[usize::try_from(seed % 6).expect("small")]
    }

    fn closes(self) -> bool {
        matches!(self, Self::Closing | Self::ReorderedAndClosing | Self::OverlappingAndClosing)
    }

    fn overlaps(self) -> bool {
        matches!(self, Self::Overlapping | Self::OverlappingAndClosing)
    }

    fn is_orderly(self) -> bool {
        matches!(self, Self::Orderly | Self::Closing)
    }
}

/// What callers were told, summed up: comings minus goings.
#[derive(Default)]
struct Told {
    occupied: [AtomicI64; CHANNELS.len()],
    users: [AtomicI64; CHANNELS.len()],
}

/// One race.
struct Race {
    store: DynamoStore,
    app: Arc<App>,
    connections: Vec<Connection>,
    told: Told,
}

impl Race {
    fn user(&self, connection: usize, channel: usize) -> Option<String> {
        let is_presence = CHANNELS[channel].starts_with("presence-");
        is_presence.then(|| format!("u{}", connection / PER_USER))
    }

    fn welcome(&self, channel: usize, user: bool, occupied: bool) {
        self.told.users[channel].fetch_add(i64::from(user), Ordering::SeqCst);
        self.told.occupied[channel].fetch_add(i64::from(occupied), Ordering::SeqCst);
    }

    fn tell(&self, channel: usize, user: bool, vacated: bool) {
        self.told.users[channel].fetch_sub(i64::from(user), Ordering::SeqCst);
        self.told.occupied[channel].fetch_sub(i64::from(vacated), Ordering::SeqCst);
    }

    async fn leave(&self, connection: &Connection, channel: usize, leaving: Leaving, asked: Asked) {
        let place = name(CHANNELS[channel]);
        let left = self.store.leave(connection, &place, leaving, asked).await.expect("an answer");
        let Left::Gone(departed) = left else { return };
        if leaving == Leaving::Clean {
            return self.tell(channel, departed.user.is_some(), departed.vacated);
        }
        let absence = Absence { connection: connection.id.clone(), user: departed.user };
        let confirmed = self.store.confirm_leave(&self.app.id, &place, &absence).await;
        let confirmed = confirmed.expect("an answer");
        self.tell(channel, confirmed.user.is_some(), confirmed.vacated);
    }

    async fn run(&self, connection: usize, channel: usize, verb: Verb, asked: Asked) {
        let by = &self.connections[connection];
        match verb {
            Verb::Leave => self.leave(by, channel, Leaving::Clean, asked).await,
            Verb::Lose => self.leave(by, channel, Leaving::Lost, asked).await,
            Verb::Join => {
                let user = self.user(connection, channel);
                let join = join(CHANNELS[channel], user.as_deref());
                match self.store.join(by, &join, asked).await.expect("an answer") {
                    Joined::New { occupied, presence, .. } => {
                        self.welcome(
                            channel,
                            presence.is_some_and(|it| it.first_of_user),
                            occupied,
                        );
                    }
                    Joined::Passing { occupied, first_of_user, departed, .. } => {
                        self.welcome(channel, first_of_user, occupied);
                        self.tell(channel, departed.user.is_some(), departed.vacated);
                    }
                    _ => {}
                }
            }
        }
    }

    async fn close(&self, connection: usize) {
        let closed = self.store.close(&self.connections[connection].id).await.expect("an answer");
        let Some(Closed { connection, channels, .. }) = closed else { return };
        for channel in channels {
            let index = CHANNELS.iter().position(|it| *it == channel.as_str()).expect("ours");
            self.leave(&connection, index, Leaving::Lost, Asked::LAST).await;
        }
    }

    /// Compares with who should be there, by channel.
    async fn check(&self, model: &BTreeMap<usize, BTreeSet<usize>>, seed: u64) {
        let mut occupied = Vec::new();
        for (channel, text) in CHANNELS.iter().enumerate() {
            let place = name(text);
            let there = &model[&channel];
            let ids: BTreeSet<ConnectionId> =
                there.iter().map(|it| self.connections[*it].id.clone()).collect();
            let users: BTreeSet<String> =
                there.iter().filter_map(|it| self.user(*it, channel)).collect();
            let app = &self.app.id;
            let list = self.store.subscribers(app, &place, None).await.expect("an answer").ids;
            assert_eq!(list.len(), ids.len(), "seed {seed}, {text}: nobody twice");
            assert_eq!(list.iter().cloned().collect::<BTreeSet<_>>(), ids, "seed {seed}, {text}");
            let counts = self.store.counts(app, &place).await.expect("an answer");
            assert_eq!(counts.subscriptions, ids.len(), "seed {seed}, {text}");
            assert_eq!(counts.users, users.len(), "seed {seed}, {text}");
            let listed = self.store.list_users(app, &place).await.expect("an answer");
            let listed: BTreeSet<_> = listed.iter().map(ToString::to_string).collect();
            assert_eq!(listed, users, "seed {seed}, {text}");
            if !ids.is_empty() {
                occupied.push((place, counts));
            }
        }
        let listed = self.store.list_channels(&self.app.id, "").await.expect("an answer");
        assert_eq!(listed, occupied, "seed {seed}");
    }

    fn check_told(&self, model: &BTreeMap<usize, BTreeSet<usize>>, seed: u64) {
        for (channel, there) in model {
            let occupied = self.told.occupied[*channel].load(Ordering::SeqCst);
            assert_eq!(occupied, i64::from(!there.is_empty()), "seed {seed}, channel {channel}");
            let users: BTreeSet<_> =
                there.iter().filter_map(|it| self.user(*it, *channel)).collect();
            let told = self.told.users[*channel].load(Ordering::SeqCst);
            assert_eq!(usize::try_from(told), Ok(users.len()), "seed {seed}, channel {channel}");
        }
    }
}

type Scripts = BTreeMap<(usize, usize), Vec<(Verb, Asked)>>;

/// Verbs by connection and channel, in the order in which they are asked for.
fn scripts(random: &mut StdRng) -> Scripts {
    let mut scripts = Scripts::new();
    for n in 0..VERBS as u64 {
        let pair = (random.random_range(0..CONNECTIONS), random.random_range(0..CHANNELS.len()));
        let verb = [Verb::Join, Verb::Join, Verb::Leave, Verb::Lose][random.random_range(0..4)];
        scripts.entry(pair).or_default().push((verb, Asked::at_ms(1_000 + n)));
    }
    scripts
}

fn nobody() -> BTreeMap<usize, BTreeSet<usize>> {
    (0..CHANNELS.len()).map(|it| (it, BTreeSet::new())).collect()
}

/// Who is where in the end.
fn outcome(scripts: &Scripts, closing: &BTreeSet<usize>) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut model = nobody();
    for ((connection, channel), script) in scripts {
        if matches!(script.last(), Some((Verb::Join, _))) && !closing.contains(connection) {
            model.entry(*channel).or_default().insert(*connection);
        }
    }
    model
}

/// The scripts as tasks, in the order in which their verbs are handled.
fn tasks(scripts: Scripts, kind: Kind, random: &mut StdRng) -> Vec<Task> {
    let mut tasks = Vec::new();
    for (pair, mut script) in scripts {
        if !kind.is_orderly() {
            script.shuffle(random);
        }
        if kind.overlaps() {
            tasks.extend(script.into_iter().map(|it| (pair, vec![it])));
        } else {
            tasks.push((pair, script));
        }
    }
    tasks.shuffle(random);
    tasks
}

type Task = ((usize, usize), Vec<(Verb, Asked)>);

async fn race(store: &DynamoStore, seed: u64) {
    let (mut random, kind) = (StdRng::seed_from_u64(seed), Kind::of(seed));
    let app = app(&format!("race-{seed}"), Limits::default());
    let connections: Vec<_> = (0..CONNECTIONS as u64).map(|n| connection(&app, n)).collect();
    for it in &connections {
        store.open(it.clone()).await.expect("an answer");
    }
    let race = Arc::new(Race { store: store.clone(), app, connections, told: Told::default() });
    let scripts = scripts(&mut random);
    let closing: BTreeSet<usize> = if kind.closes() { (0..3).collect() } else { BTreeSet::new() };
    let model = outcome(&scripts, &closing);
    let mut running = JoinSet::new();
    for ((connection, channel), script) in tasks(scripts, kind, &mut random) {
        let race = Arc::clone(&race);
        running.spawn(async move {
            for (verb, asked) in script {
                race.run(connection, channel, verb, asked).await;
            }
        });
    }
    for connection in closing {
        let (race, wait) = (Arc::clone(&race), random.random_range(0..400));
        running.spawn(async move {
            for _ in 0..wait {
                tokio::task::yield_now().await;
            }
            race.close(connection).await;
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("no panic");
    }
    race.check(&model, seed).await;
    race.check_told(&model, seed);
    for connection in 0..CONNECTIONS {
        race.close(connection).await;
    }
    race.check_told(&nobody(), seed);
}

/// How long races run, seconds, unless `RACE_SECONDS` says so. `cargo test --profile race` runs several in a second.
const SECONDS: u64 = 10;
/// Engines that races run on at once.
const ENGINES: u64 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_all_do_at_once_adds_up() {
    let seconds = std::env::var("RACE_SECONDS").ok().and_then(|it| it.parse().ok());
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or(SECONDS));
    let first: u64 = std::env::var("RACE_SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(0);
    let seed = Arc::new(AtomicU64::new(first));
    let mut engines = JoinSet::new();
    for _ in 0..ENGINES {
        let seed = Arc::clone(&seed);
        engines.spawn(async move {
            let world = world::world().await;
            while seed.load(Ordering::SeqCst) < first + 6 || Instant::now() < until {
                race(&world.store, seed.fetch_add(1, Ordering::SeqCst)).await;
            }
            let left = world::left(&world.client).await;
            assert_eq!(left, Vec::new(), "nothing is left when all are gone");
        });
    }
    while let Some(ended) = engines.join_next().await {
        ended.expect("no panic");
    }
    let races = seed.load(Ordering::SeqCst) - first;
    println!("{races} races of {VERBS} verbs each, seeds from {first}");
}

/// A join that a close overtakes leaves nothing behind, wherever it was overtaken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_overtakes_a_join_at_any_moment() {
    let world = world::world().await;
    let app = app("overtaken", Limits::default());
    let place: ChannelName = name("presence-a");
    for wait in 0..60 {
        let c1 = connection(&app, wait);
        world.store.open(c1.clone()).await.expect("an answer");
        let (store, by) = (world.store.clone(), c1.clone());
        let joining = tokio::spawn(async move {
            store.join(&by, &join("presence-a", Some("ada")), ASKED).await.expect("an answer")
        });
        for _ in 0..wait {
            tokio::task::yield_now().await;
        }
        let closed = world.store.close(&c1.id).await.expect("an answer").expect("it was open");
        for channel in &closed.channels {
            let left = world.store.leave(&c1, channel, Leaving::Clean, Asked::LAST).await;
            left.expect("an answer");
        }
        joining.await.expect("no panic");
        let there = world.store.subscribers(&app.id, &place, None).await.expect("an answer");
        assert!(there.ids.is_empty());
    }
    assert_eq!(world::left(&world.client).await, Vec::new(), "nothing is left when all are gone");
}
