//! A connection that stays, one that things happen to, by a process that lives or by one that may die.

use std::cell::Cell;
use std::sync::Arc;

use channels::{
    Absence, App, Asked, Connection, Counts, Depth, Keep, Leaving, Left, Limits, Recorded, SignIn,
};
use dynamo::DynamoStore;
use identity::User;
use protocol::{ChannelName, EventName, UserId};
use store::conformance::{app, connection, join, name};
use store::{Closed, Error, Events, Store, Users};

use crate::unkind::Unkind;
use crate::world::{self, NOW_MS};

/// Longer than any verb takes, and than an absence lasts.
pub(crate) const LATER_MS: u64 = 61_000;
/// The channels that all this is about.
pub(crate) const CHANNELS: [&str; 2] = ["a", "presence-a"];

thread_local! {
    static CLOCK: Cell<u64> = const { Cell::new(NOW_MS) };
}

pub(crate) fn now_ms() -> u64 {
    CLOCK.get()
}

pub(crate) fn later() {
    CLOCK.set(CLOCK.get() + LATER_MS);
}

/// One app, a connection that stays, and one that things happen to.
pub(crate) struct Scene {
    /// The store of a process that lives.
    pub(crate) kind: DynamoStore,
    /// The store of a process that may die.
    pub(crate) mortal: DynamoStore,
    pub(crate) fate: Unkind,
    pub(crate) app: Arc<App>,
    pub(crate) stays: Connection,
    pub(crate) goes: Connection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
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

pub(crate) const VERBS: [Verb; 17] = [
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

pub(crate) fn user(id: &str) -> Arc<User> {
    Arc::new(User { id: UserId::new(id), info: None, workspaces: Vec::new() })
}

pub(crate) fn sign_in(id: &str, watchlist: &[&str]) -> SignIn {
    SignIn { user: user(id), watchlist: watchlist.iter().map(|it| UserId::new(*it)).collect() }
}

pub(crate) fn keep() -> Keep {
    let event = EventName::parse("e").expect("a name");
    let event = Recorded { serial: None, event, data: None, user_id: None };
    Keep { event, cache_ms: Some(60_000), history: Some(Depth { count: 5, age_ms: 60_000 }) }
}

pub(crate) fn at(ms: u64) -> Asked {
    Asked::at_ms(ms)
}

pub(crate) async fn scene(client: &aws_sdk_dynamodb::Client, id: &str) -> Scene {
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
    pub(crate) async fn prepare(&self, verb: Verb) {
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
                    .sign_in(goes, &sign_in("ann", &["bob", "cy"]), now_ms())
                    .await
                    .expect("an answer");
                self.be_on("a").await;
                self.be_on("presence-a").await;
            }
            _ => {}
        }
    }

    pub(crate) async fn be_on(&self, channel: &str) {
        let user = channel.starts_with("presence-").then_some("ann");
        self.kind.join(&self.goes, &join(channel, user), at(2)).await.expect("an answer");
    }

    pub(crate) async fn run(
        &self,
        store: &DynamoStore,
        verb: Verb,
        asked: Asked,
    ) -> Result<(), Error> {
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
                store.sign_in(goes, &sign_in("ann", &["bob"]), now_ms()).await.map(drop)
            }
            Verb::SignInAgain => {
                store.sign_in(goes, &sign_in("ann", &["dee"]), now_ms()).await.map(drop)
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
    pub(crate) async fn close(&self, store: &DynamoStore) -> Result<(), Error> {
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
    pub(crate) async fn publish(&self) {
        for channel in CHANNELS.iter().chain(&["new"]) {
            self.kind.subscribers(&self.app.id, &name(channel), None).await.expect("an answer");
        }
    }

    /// Who is where in the end: `goes` or nobody beside the one that stays.
    pub(crate) async fn check(&self, there: &[&str], case: &str) {
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
    pub(crate) async fn check_offline(&self, case: &str) {
        let watch = sign_in("bob", &["ann", "cy", "dee"]);
        let signed_in = self.kind.sign_in(&self.stays, &watch, now_ms()).await.expect("an answer");
        let channels::SignedIn::Yes { online, .. } = signed_in else { panic!("{signed_in:?}") };
        assert_eq!(online, [], "{case}");
    }

    pub(crate) async fn end(&self) {
        for it in [&self.stays, &self.goes] {
            let Some(closed) = self.kind.close(&it.id).await.expect("an answer") else { continue };
            for channel in &closed.channels {
                self.kind.leave(it, channel, Leaving::Clean, Asked::LAST).await.expect("an answer");
            }
        }
    }
}
