//! What is out of date counts as gone, and large channels are in shards.

mod world;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use channels::{Connection, Joined, Leaving, Limits};
use store::conformance::{ASKED, app, connection, join, name};
use store::{Opened, Store};

use world::{LIFE_S, NOW_MS, World};

/// When all that was written at `NOW_MS` is out of date.
const LATER_MS: u64 = NOW_MS + LIFE_S * 1_000;

fn is_first(joined: &Joined) -> (bool, bool) {
    let Joined::New { occupied, presence, .. } = joined else { panic!("{joined:?}") };
    (*occupied, presence.as_ref().is_some_and(|it| it.first_of_user))
}

/// DynamoDB deletes rows days after they are out of date: nobody may see them until then, nor build on them.
#[tokio::test]
async fn what_is_out_of_date_counts_as_gone() {
    let World { client, store } = world::world().await;
    let later = world::store(client, || LATER_MS);
    let app = app("old", Limits::default());
    let [c1, c2] = [1, 2].map(|n| connection(&app, n));
    let (ada, room) = (join("presence-a", Some("ada")), name("presence-a"));
    store.open(c1.clone()).await.unwrap();
    assert_eq!(is_first(&store.join(&c1, &ada, ASKED).await.unwrap()), (true, true));
    assert!(later.connection(&c1.id).await.unwrap().is_none());
    assert!(later.subscribers(&app.id, &room, None).await.unwrap().ids.is_empty());
    assert!(later.list_users(&app.id, &room).await.unwrap().is_empty());
    assert!(later.list_channels(&app.id, "").await.unwrap().is_empty());
    assert_eq!(later.counts(&app.id, &room).await.unwrap().subscriptions, 0);
    assert!(!later.hold_count(&app.id, &room).await.unwrap());
    assert!(matches!(later.join(&c1, &join("b", None), ASKED).await.unwrap(), Joined::Gone));
    later.open(c2.clone()).await.unwrap();
    assert_eq!(
        is_first(&later.join(&c2, &ada, ASKED).await.unwrap()),
        (true, true),
        "a ghost is nobody"
    );
    assert_eq!(later.counts(&app.id, &room).await.unwrap().subscriptions, 1);
    later.leave(&c2, &room, Leaving::Clean, ASKED).await.unwrap();
    assert!(later.list_users(&app.id, &room).await.unwrap().is_empty(), "the ghost left as well");
}

async fn open(store: &impl Store, app: &std::sync::Arc<channels::App>, n: u64) -> Connection {
    let connection = connection(app, n);
    assert_eq!(store.open(connection.clone()).await.expect("an answer"), Opened::Yes);
    connection
}

fn key(pk: &str) -> std::collections::HashMap<String, AttributeValue> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    [("pk".to_owned(), text(pk)), ("sk".to_owned(), text("#"))].into()
}

/// The channel is told to have grown, because growing it takes thousands of joins.
#[tokio::test]
async fn a_channel_that_grows_is_spread_and_loses_nobody() {
    let World { client, store } = world::world().await;
    let (app, room) = (app("large", Limits::default()), name("a"));
    let mut all = vec![open(&store, &app, 0).await];
    store.join(&all[0], &join("a", None), ASKED).await.unwrap();
    let row = "S/0/large/a";
    for _ in 0..2 {
        let grow = client.update_item().table_name("realtime").set_key(Some(key(row)));
        let grow = grow.update_expression("ADD n :many");
        let many = AttributeValue::N("5000".to_owned());
        grow.expression_attribute_values(":many", many).send().await.unwrap();
        let next = open(&store, &app, all.len() as u64).await;
        store.join(&next, &join("a", None), ASKED).await.unwrap();
        all.push(next);
    }
    let read = client.get_item().table_name("realtime").set_key(Some(key(row)));
    let shards = read.send().await.unwrap().item.unwrap()["s"].clone();
    assert_eq!(shards, AttributeValue::N("4".to_owned()), "doubled twice");
    for n in 3..23 {
        all.push(open(&store, &app, n).await);
        store.join(&all[n as usize], &join("a", None), ASKED).await.unwrap();
    }
    let ids: BTreeSet<_> = all.iter().map(|it| it.id.clone()).collect();
    let list = store.subscribers(&app.id, &room, None).await.unwrap().ids;
    assert_eq!(list.iter().cloned().collect::<BTreeSet<_>>(), ids);
    let members = client.query().table_name("realtime").key_condition_expression("pk = :pk");
    let pk = AttributeValue::S("S/3/large/a".to_owned());
    let members = members.expression_attribute_values(":pk", pk).send().await.unwrap();
    assert!(members.count() > 0, "the last shard is used");
    for it in &all {
        store.leave(it, &room, Leaving::Clean, ASKED).await.unwrap();
    }
    assert!(store.subscribers(&app.id, &room, None).await.unwrap().ids.is_empty());
}

/// Whoever comes is counted before being let in, so those who come at once are never too many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_presence_channel_stays_within_its_limit_when_many_come_at_once() {
    const MOST: usize = 5;
    let store = world::world().await.store;
    let app = app("limited", Limits { presence_members: MOST, ..Limits::default() });
    let mut joining = tokio::task::JoinSet::new();
    for n in 0..24 {
        let (store, by) = (store.clone(), open(&store, &app, n).await);
        // Two connections of each user.
        let join = join("presence-a", Some(&format!("u{}", n / 2)));
        joining.spawn(async move { store.join(&by, &join, ASKED).await.expect("an answer") });
    }
    let (mut first, mut full) = (0, 0);
    while let Some(joined) = joining.join_next().await {
        match joined.unwrap() {
            Joined::New { presence, .. } => first += usize::from(presence.unwrap().first_of_user),
            Joined::Full => full += 1,
            other => panic!("{other:?}"),
        }
    }
    let room = name("presence-a");
    assert!(full > 0, "not all have room");
    assert_eq!(first, MOST, "each place is taken once");
    assert_eq!(store.list_users(&app.id, &room).await.unwrap().len(), MOST);
    assert_eq!(store.counts(&app.id, &room).await.unwrap().users, MOST);
}
