//! What a process leaves that is killed after any write of any verb, and what becomes of verbs while DynamoDB is throttled,
//! broken or silent: errors, and after the next visits the truth.

#[path = "world/unkind.rs"]
mod unkind;
mod world;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use channels::{
    Absence, App, Asked, Cached, Connection, Counts, Depth, Keep, Leaving, Left, Limits, Recorded,
    SignIn,
};
use dynamo::DynamoStore;
use identity::User;
use protocol::{ChannelName, EventName, UserId};
use store::conformance::{app, connection, join, name};
use store::{Closed, Error, Events, Store, Users};

use unkind::{Mood, Unkind};
use world::NOW_MS;

/// Longer than any verb takes, and than an absence lasts.
const LATER_MS: u64 = 61_000;
/// The channels that all this is about.
const CHANNELS: [&str; 2] = ["a", "presence-a"];

thread_local! {
    static CLOCK: Cell<u64> = const { Cell::new(NOW_MS) };
}

fn now_ms() -> u64 {
    CLOCK.get()
}

fn later() {
    CLOCK.set(CLOCK.get() + LATER_MS);
}

/// One app, a connection that stays, and one that things happen to.
struct Scene {
    /// The store of a process that lives.
    kind: DynamoStore,
    /// The store of a process that may die.
    mortal: DynamoStore,
    fate: Unkind,
    app: Arc<App>,
    stays: Connection,
    goes: Connection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Open,
    Join,
    JoinFirst,
    Enter,
    EnterAgain,
    Leave,
    LeaveNothing,
    Exit,
    Lose,
    Confirm,
    SignIn,
    SignInAgain,
    Close,
    Speak,
    HoldAndRelease,
    Keep,
    Terminate,
}

const VERBS: [Verb; 17] = [
    Verb::Open,
    Verb::Join,
    Verb::JoinFirst,
    Verb::Enter,
    Verb::EnterAgain,
    Verb::Leave,
    Verb::LeaveNothing,
    Verb::Exit,
    Verb::Lose,
    Verb::Confirm,
    Verb::SignIn,
    Verb::SignInAgain,
    Verb::Close,
    Verb::Speak,
    Verb::HoldAndRelease,
    Verb::Keep,
    Verb::Terminate,
];

fn user(id: &str) -> Arc<User> {
    Arc::new(User { id: UserId::new(id), info: None, workspaces: Vec::new() })
}

fn sign_in(id: &str, watchlist: &[&str]) -> SignIn {
    SignIn { user: user(id), watchlist: watchlist.iter().map(|it| UserId::new(*it)).collect() }
}

fn keep() -> Keep {
    let event = EventName::parse("e").expect("a name");
    let event = Recorded { serial: None, event, data: None, user_id: None };
    Keep { event, cache_ms: Some(60_000), history: Some(Depth { count: 5, age_ms: 60_000 }) }
}

fn at(ms: u64) -> Asked {
    Asked::at_ms(ms)
}

async fn scene(client: &aws_sdk_dynamodb::Client, id: &str) -> Scene {
    let kind = world::store(client.clone(), now_ms);
    let (client, fate) = Unkind::on(client);
    let mortal = world::store(client, now_ms);
    let app = app(id, Limits::default());
    let (stays, goes) = (connection(&app, 1), connection(&app, 2));
    let scene = Scene { kind, mortal, fate, app, stays, goes };
    let store = &scene.kind;
    store.open(scene.stays.clone()).await.expect("an answer");
    store.join(&scene.stays, &join("a", None), at(1)).await.expect("an answer");
    store.join(&scene.stays, &join("presence-a", Some("bob")), at(1)).await.expect("an answer");
    scene
}

impl Scene {
    /// What comes before a verb.
    async fn prepare(&self, verb: Verb) {
        let (store, goes) = (&self.kind, &self.goes);
        if verb == Verb::Open {
            return;
        }
        store.open(goes.clone()).await.expect("an answer");
        match verb {
            Verb::Leave | Verb::Speak | Verb::HoldAndRelease => self.be_on("a").await,
            Verb::Exit | Verb::Lose => self.be_on("presence-a").await,
            Verb::Confirm => {
                self.be_on("presence-a").await;
                let (place, lost) = (name("presence-a"), Leaving::Lost);
                store.leave(goes, &place, lost, at(3)).await.expect("an answer");
            }
            Verb::Close | Verb::SignInAgain | Verb::Terminate => {
                store
                    .sign_in(&goes.id, &sign_in("ann", &["bob", "cy"]), now_ms())
                    .await
                    .expect("an answer");
                self.be_on("a").await;
                self.be_on("presence-a").await;
            }
            _ => {}
        }
    }

    async fn be_on(&self, channel: &str) {
        let user = channel.starts_with("presence-").then_some("ann");
        self.kind.join(&self.goes, &join(channel, user), at(2)).await.expect("an answer");
    }

    async fn run(&self, store: &DynamoStore, verb: Verb, asked: Asked) -> Result<(), Error> {
        let goes = &self.goes;
        let absence = Absence { connection: goes.id.clone(), user: Some(UserId::new("ann")) };
        let (a, presence) = (name("a"), name("presence-a"));
        match verb {
            Verb::Open => store.open(goes.clone()).await.map(drop),
            Verb::Join => store.join(goes, &join("a", None), asked).await.map(drop),
            Verb::JoinFirst => store.join(goes, &join("new", None), asked).await.map(drop),
            Verb::Enter => {
                store.join(goes, &join("presence-a", Some("ann")), asked).await.map(drop)
            }
            Verb::EnterAgain => {
                store.join(goes, &join("presence-a", Some("bob")), asked).await.map(drop)
            }
            Verb::Leave | Verb::LeaveNothing => {
                store.leave(goes, &a, Leaving::Clean, asked).await.map(drop)
            }
            Verb::Exit => store.leave(goes, &presence, Leaving::Clean, asked).await.map(drop),
            Verb::Lose => store.leave(goes, &presence, Leaving::Lost, asked).await.map(drop),
            Verb::Confirm => store.confirm_leave(&self.app.id, &presence, &absence).await.map(drop),
            Verb::SignIn => {
                store.sign_in(&goes.id, &sign_in("ann", &["bob"]), now_ms()).await.map(drop)
            }
            Verb::SignInAgain => {
                store.sign_in(&goes.id, &sign_in("ann", &["dee"]), now_ms()).await.map(drop)
            }
            Verb::Close => self.close(store).await,
            Verb::Speak => store.speak(goes, &a, now_ms()).await.map(drop),
            Verb::HoldAndRelease => {
                store.hold_count(&self.app.id, &a).await?;
                store.release_count(&self.app.id, &a).await.map(drop)
            }
            Verb::Keep => store.keep(&self.app.id, &a, keep(), now_ms()).await.map(drop),
            Verb::Terminate => {
                store.terminate(&self.app.id, &UserId::new("ann"), now_ms()).await.map(drop)
            }
        }
    }

    /// As the service does: a close, and each channel left.
    async fn close(&self, store: &DynamoStore) -> Result<(), Error> {
        let Some(closed) = store.close(&self.goes.id).await? else { return Ok(()) };
        let Closed { connection, channels, user } = closed;
        for channel in &channels {
            let left = store.leave(&connection, channel, Leaving::Lost, Asked::LAST).await?;
            let Left::Gone(departed) = left else { continue };
            let absence = Absence { connection: connection.id.clone(), user: departed.user };
            store.confirm_leave(&self.app.id, channel, &absence).await?;
        }
        if let Some(user) = user {
            store.confirm_offline(&self.app.id, &user, &connection.id).await?;
        }
        Ok(())
    }

    /// An event on each channel: what a publish sees it puts right.
    async fn publish(&self) {
        for channel in CHANNELS.iter().chain(&["new"]) {
            self.kind.subscribers(&self.app.id, &name(channel), None).await.expect("an answer");
        }
    }

    /// Who is where in the end: `goes` or nobody beside the one that stays.
    async fn check(&self, there: &[&str], case: &str) {
        let (store, app) = (&self.kind, &self.app.id);
        let mut listed: Vec<(ChannelName, Counts)> = Vec::new();
        for channel in ["a", "new", "presence-a"] {
            let place = name(channel);
            let mut ids = vec![self.stays.id.clone()];
            if channel == "new" {
                ids.clear();
            }
            ids.extend(there.contains(&channel).then(|| self.goes.id.clone()));
            let mut got =
                store.subscribers(app, &place, None).await.expect("an answer").ids.to_vec();
            got.sort();
            assert_eq!(got, ids, "{case}: {channel}");
            let mut users = Vec::new();
            if channel == "presence-a" {
                users.extend(there.contains(&"presence-a").then(|| UserId::new("ann")));
                users.push(UserId::new("bob"));
            }
            assert_eq!(
                store.list_users(app, &place).await.expect("an answer"),
                users,
                "{case}: {channel}"
            );
            let counts = Counts { subscriptions: ids.len(), users: users.len() };
            assert_eq!(
                store.counts(app, &place).await.expect("an answer"),
                counts,
                "{case}: {channel}"
            );
            if counts != Counts::default() {
                listed.push((place, counts));
            }
        }
        assert_eq!(store.list_channels(app, "").await.expect("an answer"), listed, "{case}");
    }

    /// Who watches `ann` sees her offline.
    async fn check_offline(&self, case: &str) {
        let watch = sign_in("bob", &["ann", "cy", "dee"]);
        let signed_in =
            self.kind.sign_in(&self.stays.id, &watch, now_ms()).await.expect("an answer");
        let channels::SignedIn::Yes { online, .. } = signed_in else { panic!("{signed_in:?}") };
        assert_eq!(online, [], "{case}");
    }

    async fn end(&self) {
        for it in [&self.stays, &self.goes] {
            let Some(closed) = self.kind.close(&it.id).await.expect("an answer") else { continue };
            for channel in &closed.channels {
                self.kind.leave(it, channel, Leaving::Clean, Asked::LAST).await.expect("an answer");
            }
        }
    }
}

/// Kills a process after each write of each verb; the connection is lost with it, and found gone later.
#[tokio::test]
async fn after_any_write_the_next_visits_find_the_truth_without_the_connection() {
    let client = world::world().await.client;
    let mut kills = 0;
    for verb in VERBS {
        for writes in 0.. {
            let case = format!("{verb:?} killed after {writes} writes");
            let scene = scene(&client, &format!("{verb:?}-{writes}")).await;
            scene.prepare(verb).await;
            scene.fate.set(Mood::Killed(writes));
            let done = scene.run(&scene.mortal, verb, at(5)).await;
            let enough = scene.fate.writes() < writes;
            assert!(done.is_err() || writes >= scene.fate.writes(), "{case}");
            // What was under way is over, and then somebody finds the connection gone.
            later();
            scene.close(&scene.kind).await.expect("an answer");
            later();
            scene.publish().await;
            scene.check(&[], &case).await;
            scene.check_offline(&case).await;
            scene.end().await;
            kills += 1;
            if enough {
                break;
            }
        }
    }
    println!("{kills} kills");
}

/// The client is still there, and asks again.
#[tokio::test]
async fn after_any_write_the_same_wish_again_comes_true() {
    let client = world::world().await.client;
    for (verb, there) in [
        (Verb::Join, &["a"][..]),
        (Verb::JoinFirst, &["new"]),
        (Verb::Enter, &["presence-a"]),
        (Verb::Leave, &[]),
        (Verb::Exit, &[]),
    ] {
        for writes in 0.. {
            let case = format!("{verb:?} again after {writes} writes");
            let scene = scene(&client, &format!("again-{verb:?}-{writes}")).await;
            scene.prepare(verb).await;
            scene.fate.set(Mood::Killed(writes));
            let _ = scene.run(&scene.mortal, verb, at(5)).await;
            let enough = scene.fate.writes() < writes;
            later();
            scene.run(&scene.kind, verb, at(6)).await.expect("an answer");
            later();
            scene.publish().await;
            scene.check(there, &case).await;
            scene.end().await;
            if enough {
                break;
            }
        }
    }
}

/// Throttled, broken, silent: each verb answers or says that it did not, and once all is well again so is the store.
#[tokio::test]
async fn a_service_that_fails_gives_errors_and_no_wrong_state() {
    let client = world::world().await.client;
    let moods = [
        Mood::Throttled(1),
        Mood::Broken(1),
        Mood::Silent(1),
        Mood::Throttled(3),
        Mood::Broken(2),
        Mood::Silent(2),
    ];
    for (n, mood) in moods.into_iter().enumerate() {
        for verb in VERBS {
            let case = format!("{verb:?} {mood:?}");
            let scene = scene(&client, &format!("mood-{n}-{verb:?}")).await;
            scene.prepare(verb).await;
            scene.fate.set(mood);
            let limit = Duration::from_secs(10);
            let done = tokio::time::timeout(limit, scene.run(&scene.mortal, verb, at(5))).await;
            let done = done.unwrap_or_else(|_| panic!("{case}: hangs"));
            let always = matches!(mood, Mood::Throttled(1) | Mood::Broken(1) | Mood::Silent(1));
            assert!(done.is_err() || !always, "{case}");
            later();
            scene.close(&scene.kind).await.expect("an answer");
            later();
            scene.publish().await;
            scene.check(&[], &case).await;
            scene.end().await;
        }
    }
}

/// A history that was written and whose answer was lost is whole.
#[tokio::test]
async fn an_event_whose_answer_was_lost_is_kept_once() {
    let client = world::world().await.client;
    let scene = scene(&client, "silent-keep").await;
    scene.fate.set(Mood::Silent(2));
    let (app, room) = (&scene.app.id, name("a"));
    assert!(scene.mortal.keep(app, &room, keep(), now_ms()).await.is_err());
    scene.kind.keep(app, &room, keep(), now_ms()).await.expect("an answer");
    let cached: Option<Cached> = scene.kind.cached(app, &room, now_ms()).await.expect("an answer");
    assert!(cached.is_some());
    let ask = channels::EventsAfter { channel: room, after: protocol::Serial::new(0) };
    let missed = scene.kind.events_after(app, &ask, now_ms()).await.expect("an answer");
    assert_eq!(missed.events.len(), 2, "each call is one event");
}
