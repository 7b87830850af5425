//! Clients that are gone without a word.

use emulated::{Fault, Rule, Settings};
use lambda::host::Host;
use lambda::message::Desk;
use lambda::sweep::sweep;
use protocol::ChannelName;
use serde_json::json;
use store::Store;

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
    for minute in 0..dynamo::TURNS {
        sweep(host, minute, LONG).await;
    }
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
