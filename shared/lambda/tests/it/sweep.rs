//! Clients that are gone without a word.

use channels::{Connection, SignIn, SignedIn};
use emulated::{Fault, Rule, Settings};
use identity::User;
use lambda::connect::Door;
use lambda::host::{Host, now_ms};
use lambda::message::Desk;
use lambda::sweep::sweep;
use protocol::{ChannelName, ConnectionId, SocketId, UserId};
use serde_json::json;
use store::{Store, Users};

use crate::world::{Client, LONG, World};

/// A client on the channel `news`.
async fn reader(world: &World) -> Client {
    let (mut client, _) = world.client("/app/key?protocol=7").await;
    let desk = Desk::new(world.host("message").await);
    let subscribe = json!({ "event": "pusher:subscribe", "data": { "channel": "news" } });
    world.say(&mut client, &desk, subscribe).await;
    assert_eq!(client.frame().await["event"], "pusher_internal:subscription_succeeded");
    client
}

/// How many are subscribed after all have had their turn.
async fn left(host: &Host) -> usize {
    all_turns(host).await;
    let (app, news) = (host.core.apps().first().id.clone(), ChannelName::parse("news").unwrap());
    host.store.subscribers(&app, &news, None).await.unwrap().ids.len()
}

#[tokio::test]
async fn who_left_without_a_word_is_found_by_a_sweep_and_nobody_else() {
    let world = World::new().await;
    world.cloud.set(Settings { lose_disconnects: true, ..Settings::default() });
    let (_stays, ghost) = (reader(&world).await, reader(&world).await);
    let host = world.host("publish").await;
    assert_eq!(left(&host).await, 2);
    // An answer that says nothing, and one that is taken back.
    for fault in [Fault::Throttled, Fault::Status(500), Fault::Status(410)] {
        world.cloud.set_faults(vec![Rule::new("execute-api:*", fault).times(2)]);
        assert_eq!(left(&host).await, 2, "{fault:?}");
    }
    world.cloud.set_faults(Vec::new());
    ghost.close().await;
    assert_eq!(left(&host).await, 1);
}

/// An app with room for one.
const ONE: &str = "limits.connections = 1\n";

/// Whether a newcomer is told that there is no room.
async fn is_full(world: &World) -> bool {
    let connect = world.host_with("connect", ONE, &[]).await;
    let (_, first) = world.client_of(connect, "/app/key?protocol=7", LONG).await;
    first["data"]["code"] == 4004
}

async fn all_turns(host: &Host) {
    for minute in 0..dynamo::TURNS {
        sweep(host, minute, LONG).await;
    }
}

/// Somebody came five minutes ago, subscribed to nothing, and left without a word.
#[tokio::test]
async fn who_subscribed_to_nothing_is_found_and_gives_back_what_was_held() {
    let world = World::new().await;
    let host = world.host_with("publish", ONE, &[]).await;
    let then = world.store(host.core.shared_apps(), || now_ms() - 300_000);
    let app = host.core.apps().first().clone();
    let id = ConnectionId::new("L0SM9cOFvHcCIhw=");
    let ghost =
        Connection { id, socket_id: SocketId::from_random(1, 1), app, user: None, from: None };
    then.open(ghost.clone()).await.unwrap();
    let user = User { id: UserId::new("ada"), info: None, workspaces: Vec::new() };
    let sign_in = SignIn { user: user.into(), watchlist: Vec::new() };
    let signed_in = then.sign_in(&ghost, &sign_in, now_ms()).await.unwrap();
    assert!(matches!(signed_in, SignedIn::Yes { .. }), "{signed_in:?}");
    assert!(is_full(&world).await);
    all_turns(&host).await;
    let seats = host.store.terminate(&ghost.app.id, &sign_in.user.id, now_ms()).await.unwrap();
    assert!(seats.is_empty(), "the user is not there");
    assert!(!is_full(&world).await);
}

/// API Gateway opens a connection when the answer of `$connect` has arrived; the connection is remembered before.
#[tokio::test]
async fn who_is_being_opened_is_not_swept() {
    let world = World::new().await;
    let door = Door::new(world.host_with("connect", ONE, &[]).await).unwrap();
    let host = world.host_with("publish", ONE, &[]).await;
    let dial = world.dial("/app/key?protocol=7");
    let open = async {
        let taken = world.next("connect").await;
        let answer = door.open(taken.event.clone(), LONG).await;
        all_turns(&host).await;
        world.answer("connect", taken, answer).await;
        door.after().run().await;
    };
    let (mut client, ()) = tokio::join!(dial, open);
    assert_eq!(client.frame().await["event"], "pusher:connection_established");
    assert!(is_full(&world).await);
}
