//! What every store must do. Call [`run`] from a test of each implementation, on an empty store;
//! it leaves the store empty.

mod absence;
mod events;
pub mod idempotency;
mod order;
pub mod rates;
mod roster;
mod users;

use std::future::Future;
use std::net::Ipv6Addr;
use std::sync::Arc;

use channels::{
    App, Asked, Connection, Counts, Departed, Join, Joined, Leaving, Left, Limits, Spoken,
};
use protocol::{AppId, ChannelName, ConnectionId, Member, SocketId, UserId};

use crate::{Error, Opened, Store};

/// When whoever does not care about order asks.
pub const ASKED: Asked = Asked::at_ms(1_000_000);

/// Runs every check.
///
/// # Panics
/// With what the store did wrong.
pub async fn run<S: Store>(store: &S) {
    connections_come_and_go(store).await;
    the_quota_is_exact(store).await;
    first_and_last_of_a_channel(store).await;
    members_are_users(store).await;
    a_full_channel_takes_only_its_members(store).await;
    closing_leaves_everything(store).await;
    apps_do_not_meet(store).await;
    speaking(store).await;
    lists(store).await;
    absence::run(store).await;
    order::run(store).await;
    events::run(store).await;
    users::run(store).await;
    idempotency::run(store).await;
    rates::run(store).await;
    roster::run(store).await;
}

/// An app with the given limits.
pub fn app(id: &str, limits: Limits) -> Arc<App> {
    Arc::new(App { client_events: true, limits, ..App::new(AppId::new(id), Vec::new()) })
}

/// A connection whose socket id is `n.n`.
pub fn connection(app: &Arc<App>, n: u64) -> Connection {
    Connection {
        id: ConnectionId::new(format!("{}-{n}", app.id)),
        socket_id: SocketId::from_random(n, n),
        app: Arc::clone(app),
        user: None,
        from: Some(Ipv6Addr::from_bits(n.into()).into()),
    }
}

/// A subscription, as `user` on presence channels.
pub fn join(channel: &str, user: Option<&str>) -> Join {
    let member = user.map(|id| Member { user_id: UserId::new(id), user_info: None });
    Join { channel: name(channel), member }
}

/// A channel name.
///
/// # Panics
/// When it is not valid.
pub fn name(channel: &str) -> ChannelName {
    let Ok(name) = ChannelName::parse(channel) else { panic!("{channel} is no channel name") };
    name
}

/// The store's answer.
async fn ok<T>(answer: impl Future<Output = Result<T, Error>>) -> T {
    match answer.await {
        Ok(it) => it,
        Err(e) => panic!("{e}"),
    }
}

/// Closes a connection and leaves its channels.
async fn bury<S: Store>(store: &S, connection: &Connection) {
    if let Some(closed) = ok(store.close(&connection.id)).await {
        for channel in &closed.channels {
            ok(store.leave(connection, channel, Leaving::Clean, Asked::LAST)).await;
        }
    }
}

fn new(joined: &Joined) -> (bool, Option<(bool, Vec<String>)>) {
    let Joined::New { occupied, presence, .. } = joined else {
        panic!("expected a new subscription, got {joined:?}")
    };
    let presence = presence.as_ref().map(|p| {
        let mut ids: Vec<_> = p.roster.members.iter().map(|m| m.user_id.to_string()).collect();
        ids.sort();
        (p.first_of_user, ids)
    });
    (*occupied, presence)
}

/// A leave that left so many subscriptions.
fn gone(user: Option<&str>, subscriptions: usize) -> Left {
    let vacated = subscriptions == 0;
    Left::Gone(Departed { user: user.map(UserId::new), vacated, subscriptions })
}

async fn connections_come_and_go<S: Store>(store: &S) {
    let app = app("comes", Limits::default());
    let c1 = connection(&app, 1);
    assert!(ok(store.connection(&c1.id)).await.is_none());
    assert!(matches!(ok(store.join(&c1, &join("a", None), ASKED)).await, Joined::Gone));
    assert_eq!(ok(store.open(c1.clone())).await, Opened::Yes);
    let known = ok(store.connection(&c1.id)).await.map(|c| (c.socket_id, c.from));
    assert_eq!(known, Some((c1.socket_id, c1.from)));
    assert!(ok(store.close(&c1.id)).await.is_some());
    assert!(ok(store.close(&c1.id)).await.is_none(), "closing twice is nothing");
    assert_eq!(ok(store.leave(&c1, &name("a"), Leaving::Clean, ASKED)).await, Left::NotSubscribed);
}

async fn the_quota_is_exact<S: Store>(store: &S) {
    let app = app("quota", Limits { connections: Some(2), ..Limits::default() });
    let [c1, c2, c3] = [1, 2, 3].map(|n| connection(&app, n));
    assert_eq!(ok(store.open(c1.clone())).await, Opened::Yes);
    assert_eq!(ok(store.open(c2.clone())).await, Opened::Yes);
    assert_eq!(ok(store.open(c3.clone())).await, Opened::OverQuota);
    assert!(ok(store.connection(&c3.id)).await.is_none());
    bury(store, &c1).await;
    assert_eq!(ok(store.open(c3.clone())).await, Opened::Yes, "a place became free");
    bury(store, &c2).await;
    bury(store, &c3).await;
}

async fn first_and_last_of_a_channel<S: Store>(store: &S) {
    let app = app("first", Limits::default());
    let [c1, c2] = [1, 2].map(|n| connection(&app, n));
    ok(store.open(c1.clone())).await;
    ok(store.open(c2.clone())).await;
    let a = join("a", None);
    assert_eq!(new(&ok(store.join(&c1, &a, ASKED)).await), (true, None));
    assert!(matches!(ok(store.join(&c1, &a, ASKED)).await, Joined::Already));
    assert_eq!(new(&ok(store.join(&c2, &a, ASKED)).await), (false, None));
    let mut list = ok(store.subscribers(&app.id, &a.channel, None)).await.ids.to_vec();
    list.sort();
    assert_eq!(list, [c1.id.clone(), c2.id.clone()]);
    assert_eq!(ok(store.counts(&app.id, &a.channel)).await, Counts { subscriptions: 2, users: 0 });
    assert_eq!(ok(store.leave(&c1, &a.channel, Leaving::Clean, ASKED)).await, gone(None, 1));
    assert_eq!(ok(store.leave(&c1, &a.channel, Leaving::Clean, ASKED)).await, Left::NotSubscribed);
    assert_eq!(
        ok(store.subscribers(&app.id, &a.channel, None)).await.ids.to_vec(),
        vec![c2.id.clone()]
    );
    assert_eq!(ok(store.leave(&c2, &a.channel, Leaving::Clean, ASKED)).await, gone(None, 0));
    assert!(ok(store.subscribers(&app.id, &a.channel, None)).await.ids.is_empty());
    bury(store, &c1).await;
    bury(store, &c2).await;
}

async fn members_are_users<S: Store>(store: &S) {
    let app = app("users", Limits::default());
    let [c1, c2, c3] = [1, 2, 3].map(|n| connection(&app, n));
    for c in [&c1, &c2, &c3] {
        ok(store.open(c.clone())).await;
    }
    let (ada, bob) = (join("presence-a", Some("ada")), join("presence-a", Some("bob")));
    let roster = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        new(&ok(store.join(&c1, &ada, ASKED)).await),
        (true, Some((true, roster(&["ada"]))))
    );
    assert_eq!(
        new(&ok(store.join(&c2, &ada, ASKED)).await),
        (false, Some((false, roster(&["ada"]))))
    );
    assert_eq!(
        new(&ok(store.join(&c3, &bob, ASKED)).await),
        (false, Some((true, roster(&["ada", "bob"]))))
    );
    let counts = Counts { subscriptions: 3, users: 2 };
    assert_eq!(ok(store.counts(&app.id, &ada.channel)).await, counts);
    assert_eq!(ok(store.leave(&c1, &ada.channel, Leaving::Clean, ASKED)).await, gone(None, 2));
    assert_eq!(
        ok(store.leave(&c2, &ada.channel, Leaving::Clean, ASKED)).await,
        gone(Some("ada"), 1)
    );
    assert_eq!(
        ok(store.leave(&c3, &ada.channel, Leaving::Clean, ASKED)).await,
        gone(Some("bob"), 0)
    );
    for c in [&c1, &c2, &c3] {
        bury(store, c).await;
    }
}

async fn a_full_channel_takes_only_its_members<S: Store>(store: &S) {
    let app = app("full", Limits { presence_members: 1, ..Limits::default() });
    let [c1, c2, c3] = [1, 2, 3].map(|n| connection(&app, n));
    for c in [&c1, &c2, &c3] {
        ok(store.open(c.clone())).await;
    }
    let (ada, bob) = (join("presence-a", Some("ada")), join("presence-a", Some("bob")));
    new(&ok(store.join(&c1, &ada, ASKED)).await);
    assert!(matches!(ok(store.join(&c2, &bob, ASKED)).await, Joined::Full));
    assert_eq!(
        ok(store.leave(&c2, &bob.channel, Leaving::Clean, ASKED)).await,
        Left::NotSubscribed
    );
    new(&ok(store.join(&c3, &ada, ASKED)).await);
    for c in [&c1, &c2, &c3] {
        bury(store, c).await;
    }
}

async fn closing_leaves_everything<S: Store>(store: &S) {
    let app = app("closing", Limits::default());
    let [c1, c2] = [1, 2].map(|n| connection(&app, n));
    ok(store.open(c1.clone())).await;
    ok(store.open(c2.clone())).await;
    for it in [join("a", None), join("presence-a", Some("ada")), join("presence-b", Some("ada"))] {
        new(&ok(store.join(&c1, &it, ASKED)).await);
    }
    new(&ok(store.join(&c2, &join("presence-b", Some("ada")), ASKED)).await);
    let Some(mut closed) = ok(store.close(&c1.id)).await else { panic!("it was open") };
    closed.channels.sort();
    assert_eq!(closed.channels, [name("a"), name("presence-a"), name("presence-b")]);
    assert!(matches!(ok(store.join(&c1, &join("late", None), ASKED)).await, Joined::Gone));
    assert_eq!(ok(store.leave(&c1, &name("a"), Leaving::Clean, ASKED)).await, gone(None, 0));
    assert_eq!(
        ok(store.leave(&c1, &name("presence-a"), Leaving::Clean, ASKED)).await,
        gone(Some("ada"), 0)
    );
    assert_eq!(
        ok(store.leave(&c1, &name("presence-b"), Leaving::Clean, ASKED)).await,
        gone(None, 1)
    );
    assert_eq!(
        ok(store.leave(&c1, &name("presence-b"), Leaving::Clean, ASKED)).await,
        Left::NotSubscribed
    );
    bury(store, &c2).await;
}

async fn apps_do_not_meet<S: Store>(store: &S) {
    let [one, two] = ["one", "two"].map(|id| app(id, Limits::default()));
    let (c1, c2) = (connection(&one, 1), connection(&two, 1));
    ok(store.open(c1.clone())).await;
    ok(store.open(c2.clone())).await;
    let ada = join("presence-a", Some("ada"));
    assert!(new(&ok(store.join(&c1, &ada, ASKED)).await).0);
    assert!(new(&ok(store.join(&c2, &ada, ASKED)).await).0);
    assert_eq!(
        ok(store.subscribers(&one.id, &ada.channel, None)).await.ids.to_vec(),
        vec![c1.id.clone()]
    );
    // The two connections have the same socket id.
    for (c, app) in [(&c1, &one), (&c2, &two)] {
        let to = ok(store.subscribers(&app.id, &ada.channel, Some(c.socket_id))).await;
        assert_eq!(to.except, Some(c.id.clone()));
    }
    let nobody = SocketId::from_random(7, 7);
    assert_eq!(ok(store.subscribers(&one.id, &ada.channel, Some(nobody))).await.except, None);
    bury(store, &c1).await;
    bury(store, &c2).await;
}

async fn speaking<S: Store>(store: &S) {
    let app = app("speaking", Limits { client_events_per_second: 2, ..Limits::default() });
    let c1 = connection(&app, 1);
    ok(store.open(c1.clone())).await;
    let (there, chat) = (join("presence-a", Some("ada")), join("private-a", None));
    assert_eq!(ok(store.speak(&c1, &chat.channel, 5_000)).await, Spoken::NotSubscribed);
    new(&ok(store.join(&c1, &there, ASKED)).await);
    new(&ok(store.join(&c1, &chat, ASKED)).await);
    let ada = Spoken::May(Some(UserId::new("ada")));
    assert_eq!(ok(store.speak(&c1, &there.channel, 5_000)).await, ada);
    assert_eq!(ok(store.speak(&c1, &chat.channel, 5_500)).await, Spoken::May(None));
    assert_eq!(ok(store.speak(&c1, &chat.channel, 5_999)).await, Spoken::TooFast);
    assert_eq!(ok(store.speak(&c1, &chat.channel, 6_000)).await, Spoken::May(None));
    bury(store, &c1).await;
}

async fn lists<S: Store>(store: &S) {
    let [one, two] = ["lists", "lists-of-another"].map(|id| app(id, Limits::default()));
    let (c1, c2, c3) = (connection(&one, 1), connection(&one, 2), connection(&two, 1));
    for c in [&c1, &c2, &c3] {
        ok(store.open(c.clone())).await;
    }
    assert!(ok(store.list_channels(&one.id, "")).await.is_empty());
    let (ada, bob) = (join("presence-b", Some("ada")), join("presence-b", Some("bob")));
    for (c, it) in [(&c1, &join("a", None)), (&c1, &bob), (&c2, &ada), (&c3, &join("c", None))] {
        new(&ok(store.join(c, it, ASKED)).await);
    }
    let (open, presence) = (
        (name("a"), Counts { subscriptions: 1, users: 0 }),
        (name("presence-b"), Counts { subscriptions: 2, users: 2 }),
    );
    assert_eq!(ok(store.list_channels(&one.id, "")).await, [open.clone(), presence.clone()]);
    assert_eq!(ok(store.list_channels(&one.id, "presence-")).await, [presence]);
    assert!(ok(store.list_channels(&one.id, "resence-")).await.is_empty(), "prefixes are anchored");
    let users = ["ada", "bob"].map(UserId::new);
    assert_eq!(ok(store.list_users(&one.id, &ada.channel)).await, users);
    assert!(ok(store.list_users(&two.id, &ada.channel)).await.is_empty());
    bury(store, &c2).await;
    assert_eq!(ok(store.list_users(&one.id, &ada.channel)).await, users[1..]);
    bury(store, &c1).await;
    assert!(ok(store.list_channels(&one.id, "")).await.is_empty());
    assert!(ok(store.list_users(&one.id, &ada.channel)).await.is_empty());
    bury(store, &c3).await;
}
