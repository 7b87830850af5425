//! A connection from its first to its last moment.

use channels::publish::{Trigger, check};
use lambda::disconnect::forget;
use lambda::host::{Host, now_ms};
use lambda::message::Desk;
use lambda::worker::work;
use lambda::{fanout, gate::Slice};
use serde_json::{Value, json};
use service::Outbox;

use crate::world::{LONG, World};

const PATH: &str = "/app/key?protocol=7&client=js&version=8.6.0";

async fn publish(host: &Host, channel: &str) {
    let trigger = json!({ "name": "e", "channel": channel, "data": "{}" });
    let apps = host.core.apps();
    let trigger: Trigger = serde_json::from_value(trigger).unwrap();
    let publish = check(apps.first(), trigger).unwrap();
    host.core.publish(apps.first(), &publish, now_ms()).await.unwrap();
}

#[tokio::test]
async fn a_client_is_greeted_hears_and_leaves_when_nobody_comes_back() {
    let world = World::new().await;
    let (mut client, hello) = world.client(PATH).await;
    assert_eq!(hello["event"], "pusher:connection_established");
    let desk = Desk::new(world.host("message").await);
    let subscribe = json!({ "event": "pusher:subscribe", "data": { "channel": "news" } });
    world.say(&mut client, &desk, subscribe).await;
    assert_eq!(client.frame().await["event"], "pusher_internal:subscription_succeeded");
    let api = world.host("api").await;
    publish(&api, "news").await;
    let heard = client.frame().await;
    assert_eq!((&heard["event"], &heard["channel"]), (&json!("e"), &json!("news")));

    client.close().await;
    let taken = world.next("disconnect").await;
    let answer = forget(&world.host("disconnect").await, taken.event.clone(), LONG).await;
    world.answer("disconnect", taken, answer).await;
    // The queue gives back the webhook's events at once, and 3 s later that nobody came back.
    let (host, posts) = world.worker().await;
    let app = host.core.apps().first().id.clone();
    while !store::Store::list_channels(&host.store, &app, "").await.unwrap().is_empty() {
        let taken = world.next("worker").await;
        let done = work(&host, &posts, taken.event.clone(), LONG).await;
        assert_eq!(done, json!({ "batchItemFailures": [] }));
        world.answer("worker", taken, done).await;
    }
}

#[tokio::test]
async fn a_refused_client_is_told_why_by_its_first_frame_and_closed() {
    let world = World::new().await;
    for (path, code) in [("/app/nope?protocol=7", 4001), ("/app/key?protocol=99", 4007)] {
        let (mut client, first) = world.client(path).await;
        assert_eq!(
            (&first["event"], &first["data"]["code"]),
            (&json!("pusher:error"), &json!(code))
        );
        assert_eq!(client.frame().await, json!({ "closed": 1000 }));
    }
}

#[tokio::test]
async fn a_large_fan_out_is_cut_into_slices_and_buries_who_is_gone() {
    let world = World::new().await;
    let (mut client, _) = world.client(PATH).await;
    let desk = Desk::new(world.host("message").await);
    let ping = json!({ "event": "pusher:subscribe", "data": { "channel": "news" } });
    world.say(&mut client, &desk, ping).await;
    client.frame().await;
    let host = world.host("api").await;
    let app = host.core.apps().first().id.clone();
    let news = protocol::ChannelName::parse("news").unwrap();
    let mut ids =
        store::Store::subscribers(&host.store, &app, &news, None).await.unwrap().ids.to_vec();
    // They look like ids of the gateway, and are none.
    ids.extend((0..600).map(|n| protocol::ConnectionId::new(format!("absent{n:06}AAA="))));
    let frame = protocol::ServerFrame::Pong.encode();
    assert_eq!(host.gate.broadcast(&ids, None, &frame).await, []);
    let taken = world.next("fanout").await;
    let slice: Slice = serde_json::from_value(taken.event.clone()).unwrap();
    assert_eq!(slice.connections, ids);
    let done = fanout::post(&world.host("fanout").await, taken.event.clone()).await;
    assert_eq!(done, json!({ "posted": 601, "gone": 600 }));
    world.answer("fanout", taken, done).await;
    assert_eq!(client.frame().await["event"], "pusher:pong");
    let odd = fanout::post(&host, Value::Null).await;
    assert_eq!(odd, json!({ "posted": 0 }));
}
