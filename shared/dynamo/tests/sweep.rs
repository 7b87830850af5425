//! A sweep sees every member in time, and no more of them in a run than it may.

mod world;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use channels::{Connection, Limits, SignIn, SignedIn};
use dynamo::{DynamoStore, TURNS};
use identity::User;
use protocol::{ConnectionId, UserId};
use store::conformance::{ASKED, app, connection, join};
use store::{Opened, Store, Users};

use world::World;

/// On one channel, and alone on one each.
const TOGETHER: u64 = 40;
const ALONE: u64 = 30;

/// Everybody, on channels of which one has been told to have several shards.
async fn everybody(World { client, store }: &World) -> BTreeSet<ConnectionId> {
    let app = app("1001", Limits::default());
    let mut all = BTreeSet::new();
    for n in 0..TOGETHER + ALONE {
        let channel = if n < TOGETHER { "large".to_owned() } else { format!("c{n}") };
        let by = connection(&app, n);
        store.open(by.clone()).await.expect("an answer");
        store.join(&by, &join(&channel, None), ASKED).await.expect("an answer");
        all.insert(by.id);
        if n % 5 == 1 && n < 10 {
            let text = |text: &str| AttributeValue::S(text.to_owned());
            let grow = client.update_item().table_name("realtime");
            let grow = grow.key("pk", text("S/0/1001/large")).key("sk", text("#"));
            let grow = grow.update_expression("ADD n :many");
            let many = AttributeValue::N("5000".to_owned());
            grow.expression_attribute_values(":many", many).send().await.expect("an answer");
        }
    }
    all
}

/// Sweeps from a minute on until all were seen; answers the minute when they were.
async fn until_all(
    (store, all): (&DynamoStore, &BTreeSet<ConnectionId>),
    from: u64,
    most: usize,
) -> u64 {
    let (mut seen, mut minute) = (BTreeSet::new(), from);
    while seen != *all {
        let sweep = store.sweep(minute, most).await.expect("an answer");
        assert!(sweep.connections.len() <= most);
        seen.extend(sweep.connections.iter().cloned());
        store.swept(&sweep).await.expect("an answer");
        minute += 1;
        assert!(minute < from + 1_000, "only {} of {} had their turn", seen.len(), all.len());
    }
    minute
}

#[tokio::test]
async fn every_member_has_its_turn_however_many_there_are() {
    let world = world::world().await;
    let all = everybody(&world).await;
    let (all, mut minute) = ((&world.store, &all), 0);
    for most in [1_000, 2, 7, 25] {
        let bound = TURNS + (TOGETHER + ALONE).div_ceil(most as u64);
        // What a sweep before has left goes on.
        for _ in 0..3 {
            let from = minute;
            minute = until_all(all, from, most).await;
            assert!(minute - from <= bound, "{} minutes for {most} a minute", minute - from);
        }
    }
}

#[tokio::test]
async fn who_has_left_has_no_turn() {
    let world = world::world().await;
    let app = app("1001", Limits::default());
    let by = connection(&app, 1);
    world.store.open(by.clone()).await.expect("an answer");
    world.store.join(&by, &join("a", None), ASKED).await.expect("an answer");
    assert_eq!(turn(&world.store).await, std::slice::from_ref(&by.id));
    let closed = world.store.close(&by.id).await.expect("an answer").unwrap();
    for channel in &closed.channels {
        let leaving = channels::Leaving::Clean;
        world.store.leave(&by, channel, leaving, channels::Asked::LAST).await.expect("an answer");
    }
    assert_eq!(turn(&world.store).await, []);
}

/// Signs a connection in.
async fn sign_in(store: &DynamoStore, by: &Connection, user: &str) {
    let user = User { id: UserId::new(user), info: None, workspaces: Vec::new() };
    let sign_in = SignIn { user: user.into(), watchlist: Vec::new() };
    let signed_in = store.sign_in(by, &sign_in, world::NOW_MS).await.expect("an answer");
    assert!(matches!(signed_in, SignedIn::Yes { .. }), "{signed_in:?}");
}

/// Whoever holds something is missed by others: a place in the app's quota, or a user who seems to be there.
#[tokio::test]
async fn who_holds_something_has_a_turn_without_a_subscription() {
    let World { store, .. } = world::world().await;
    let limited = app("1001", Limits { connections: Some(100), ..Limits::default() });
    let unlimited = app("1001", Limits::default());
    let mut all = BTreeSet::new();
    for n in 0..60 {
        // Every third holds a place, is signed in, and both.
        let by = connection(if n % 3 == 1 { &unlimited } else { &limited }, n);
        store.open(by.clone()).await.expect("an answer");
        if n % 3 > 0 {
            sign_in(&store, &by, &format!("u{}", n % 7)).await;
        }
        all.insert(by.id);
    }
    store.open(connection(&unlimited, 60)).await.expect("an answer");
    let mut minute = 0;
    for most in [1_000, 7] {
        let bound = TURNS + all.len().div_ceil(most) as u64;
        let from = minute;
        minute = until_all((&store, &all), from, most).await;
        assert!(minute - from <= bound, "{} minutes for {most} a minute", minute - from);
    }
}

/// Those on channels and those that are not are one turn, which goes on where it stopped.
#[tokio::test]
async fn turns_go_on_from_connections_to_channels() {
    let world = world::world().await;
    let mut all = everybody(&world).await;
    let app = app("1001", Limits::default());
    for n in 1_000..1_200 {
        let by = connection(&app, n);
        world.store.open(by.clone()).await.expect("an answer");
        sign_in(&world.store, &by, &format!("u{n}")).await;
        all.insert(by.id);
    }
    let mut minute = 0;
    for most in [1_000, 9] {
        let bound = TURNS + all.len().div_ceil(most) as u64;
        let from = minute;
        minute = until_all((&world.store, &all), from, most).await;
        assert!(minute - from <= bound, "{} minutes for {most} a minute", minute - from);
    }
}

#[tokio::test]
async fn who_is_closed_gives_back_what_was_held() {
    let World { store, .. } = world::world().await;
    let one = app("1001", Limits { connections: Some(1), ..Limits::default() });
    let [c1, c2] = [1, 2].map(|n| connection(&one, n));
    assert_eq!(store.open(c1.clone()).await.expect("an answer"), Opened::Yes);
    assert_eq!(store.open(c2.clone()).await.expect("an answer"), Opened::OverQuota);
    sign_in(&store, &c1, "ada").await;
    assert_eq!(turn(&store).await, std::slice::from_ref(&c1.id));
    store.close(&c1.id).await.expect("an answer");
    assert_eq!(turn(&store).await, []);
    assert_eq!(store.open(c2.clone()).await.expect("an answer"), Opened::Yes);
    assert_eq!(turn(&store).await, [c2.id]);
}

/// All that have a turn.
async fn turn(store: &DynamoStore) -> Vec<ConnectionId> {
    let mut found = Vec::new();
    for minute in 0..TURNS {
        found.extend(store.sweep(minute, 10).await.expect("an answer").connections);
    }
    found
}

/// It is remembered before API Gateway opens it, which says until then that it is gone.
#[tokio::test]
async fn a_connection_may_be_opening_for_a_while() {
    let World { client, store } = world::world().await;
    let by = connection(&app("1001", Limits::default()), 1);
    store.open(by.clone()).await.expect("an answer");
    let soon = world::store(client.clone(), || world::NOW_MS + 29_000);
    let later = world::store(client, || world::NOW_MS + 30_000);
    assert!(soon.may_be_opening(&by.id).await.expect("an answer"));
    assert!(!later.may_be_opening(&by.id).await.expect("an answer"));
    store.join(&by, &join("a", None), ASKED).await.expect("an answer");
    assert!(!soon.may_be_opening(&by.id).await.expect("an answer"), "it has spoken");
    let other = connection(&by.app, 2);
    store.open(other.clone()).await.expect("an answer");
    store.close(&other.id).await.expect("an answer");
    assert!(!soon.may_be_opening(&other.id).await.expect("an answer"), "it is closed");
}
