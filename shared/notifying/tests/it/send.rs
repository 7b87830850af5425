//! What receivers get, and when.

use std::time::Duration;

use notifying::Refusal;
use outbound::Addresses::{AlsoPrivate, Public};
use protocol::AppId;
use tokio::net::TcpListener;
use webhooks::{DeliveryId, DeliveryState, EndpointSpec, LEASE, WINDOW};

use crate::world::{Receiver, World, data, now, pairs, to};

fn app() -> AppId {
    AppId::new("1")
}

#[tokio::test]
async fn events_of_a_moment_share_a_signed_delivery_and_leave_nothing_behind() {
    let (data, mut receiver) = (data().await, Receiver::start(200).await);
    let world = World::start(&data, AlsoPrivate, &[("1", to(&receiver.url))]);
    for channel in ["a", "b", "c"] {
        world.occupied("1", channel);
    }
    let came = receiver.next().await;
    assert_eq!(came.header("content-type"), "application/json");
    assert!(came.is_signed_by(&pairs()[1]), "the oldest key signs until it is removed");
    let json = came.json();
    assert!(json["time_ms"].as_i64().unwrap().abs_diff(now().ms()) < 60_000);
    let channels: Vec<_> =
        json["events"].as_array().unwrap().iter().map(|it| &it["channel"]).collect();
    assert_eq!(channels, ["a", "b", "c"]);
    world.notifier.drain().await;
    assert!(receiver.nothing_more());
    assert_eq!(data.due_hooks(now().plus(LEASE + WINDOW), 10).await.unwrap(), []);
}

#[tokio::test]
async fn endpoints_get_what_they_asked_for_with_their_own_headers() {
    let data = data().await;
    let (mut all, mut some, mut other) =
        (Receiver::start(200).await, Receiver::start(200).await, Receiver::start(200).await);
    let private = EndpointSpec {
        channel_prefixes: vec!["private-".into()],
        headers: [("X-Tenant".into(), "acme".into())].into(),
        batching: false,
        ..to(&some.url)
    };
    let specs = [("1", to(&all.url)), ("1", private), ("2", to(&other.url))];
    let world = World::start(&data, AlsoPrivate, &specs);
    for channel in ["private-a", "news", "private-b"] {
        world.occupied("1", channel);
    }
    assert_eq!(all.next().await.json()["events"].as_array().unwrap().len(), 3);
    let mut channels = Vec::new();
    for _ in 0..2 {
        let came = some.next().await;
        assert_eq!(came.header("x-tenant"), "acme");
        let json = came.json();
        assert_eq!(json["events"].as_array().unwrap().len(), 1);
        channels.push(json["events"][0]["channel"].as_str().unwrap().to_owned());
    }
    channels.sort();
    assert_eq!(channels, ["private-a", "private-b"]);
    world.notifier.drain().await;
    assert!(some.nothing_more() && other.nothing_more(), "another app hears nothing");
}

#[tokio::test]
async fn a_failing_receiver_is_tried_for_five_minutes_under_one_name_and_then_replayed() {
    let (data, mut receiver) = (data().await, Receiver::start(500).await);
    let world = World::start(&data, AlsoPrivate, &[("1", to(&receiver.url))]);
    world.occupied("1", "a");
    let first = receiver.next().await;
    world.notifier.drain().await;

    let again = now().plus(Duration::from_secs(10));
    world.notifier.tick(again).await;
    let second = receiver.next().await;
    let name = "x-pushbridge-delivery";
    assert_eq!(second.header(name), first.header(name));
    let sent_ms = second.json()["time_ms"].as_i64().unwrap();
    assert!((again.ms()..now().ms() + 60_000).contains(&sent_ms), "the time is fresh");
    assert!(second.is_signed_by(&pairs()[1]) && second.body != first.body);
    world.notifier.tick(again).await;
    assert!(receiver.nothing_more(), "not before its time");

    let end = now().plus(WINDOW + Duration::from_secs(1));
    world.notifier.tick(end).await;
    receiver.next().await;
    let dead = world.notifier.list_dead(&app()).await.unwrap();
    assert_eq!((dead.len(), dead[0].attempts), (1, 3));
    assert!(matches!(&dead[0].state, DeliveryState::Dead { why, .. } if why.contains("500")));
    world.notifier.tick(end.plus(WINDOW)).await;
    assert!(receiver.nothing_more(), "given up");

    receiver.answer(200);
    world.notifier.replay(&dead[0].id, end).await.unwrap();
    assert_eq!(world.notifier.replay(&dead[0].id, end).await, Err(Refusal::NotFound));
    world.notifier.tick(end).await;
    assert_eq!(receiver.next().await.header(name), first.header(name));
    world.notifier.drain().await;
    assert_eq!(world.notifier.list_dead(&app()).await.unwrap(), []);
    assert_eq!(world.notifier.show_dead(&DeliveryId::new("x")).await, Err(Refusal::NotFound));
}

#[tokio::test]
async fn what_was_stored_is_sent_by_the_next_process() {
    let data = data().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut receiver = Receiver::start(200).await;
    let named = |url: &str| EndpointSpec { id: Some("crm".into()), ..to(url) };
    let first = World::start(&data, AlsoPrivate, &[("1", named(&format!("http://{gone}/")))]);
    first.occupied("1", "a");
    first.notifier.drain().await;
    drop(first);

    let second = World::start(&data, AlsoPrivate, &[("1", named(&receiver.url))]);
    second.notifier.resume(now()).await;
    assert_eq!(receiver.next().await.json()["events"][0]["channel"], "a");
    second.notifier.drain().await;
    second.notifier.resume(now()).await;
    assert!(receiver.nothing_more());
}

#[tokio::test]
async fn what_another_process_is_sending_is_left_to_it() {
    let data = data().await;
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut receiver = Receiver::start(200).await;
    let named = |url: &str| EndpointSpec { id: Some("crm".into()), ..to(url) };
    let to_slow = named(&format!("http://{}/", slow.local_addr().unwrap()));
    let first = World::beside(&data, AlsoPrivate, &[("1", to_slow)], false);
    first.occupied("1", "a");
    // It is stored and under way; nobody answers.
    let _under_way = slow.accept().await.unwrap();

    let second = World::beside(&data, AlsoPrivate, &[("1", named(&receiver.url))], false);
    second.notifier.resume(now()).await;
    assert!(receiver.nothing_more(), "its sender may be alive");
    second.notifier.tick(now().plus(LEASE + Duration::from_secs(1))).await;
    assert_eq!(receiver.next().await.json()["events"][0]["channel"], "a");
    drop(first);
}

#[tokio::test]
async fn a_process_that_is_alone_takes_up_what_was_being_sent_and_not_what_it_sends_itself() {
    let data = data().await;
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut receiver = Receiver::start(200).await;
    let named = |url: &str| EndpointSpec { id: Some("crm".into()), ..to(url) };
    let to_slow = named(&format!("http://{}/", slow.local_addr().unwrap()));
    let first = World::start(&data, AlsoPrivate, &[("1", to_slow)]);
    first.occupied("1", "a");
    let _under_way = slow.accept().await.unwrap();
    first.notifier.resume(now()).await;
    drop(first);

    let second = World::start(&data, AlsoPrivate, &[("1", named(&receiver.url))]);
    second.notifier.resume(now()).await;
    assert_eq!(receiver.next().await.json()["events"][0]["channel"], "a");
    second.notifier.drain().await;
    assert!(receiver.nothing_more());
}

#[tokio::test]
async fn private_addresses_and_endpoints_that_are_gone_end_as_dead_letters_at_once() {
    let (data, mut receiver) = (data().await, Receiver::start(200).await);
    let closed =
        World::start(&data, Public, &[("1", to(&receiver.url)), ("1", to("https://localhost/"))]);
    closed.occupied("1", "a");
    closed.notifier.drain().await;
    assert_eq!(closed.notifier.list_dead(&app()).await.unwrap().len(), 2);
    assert!(receiver.nothing_more(), "nobody called");
    let dead = closed.notifier.list_dead(&app()).await.unwrap();
    drop(closed);

    let without = World::start(&data, AlsoPrivate, &[]);
    without.notifier.replay(&dead[0].id, now()).await.unwrap();
    without.notifier.tick(now()).await;
    let dead = without.notifier.show_dead(&dead[0].id).await.unwrap();
    assert!(
        matches!(&dead.state, DeliveryState::Dead { why, .. } if why.contains("no such endpoint"))
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (data, mut receiver) = (data().await, Receiver::start(307).await);
    let world = World::start(&data, AlsoPrivate, &[("1", to(&receiver.url))]);
    world.occupied("1", "a");
    receiver.next().await;
    world.notifier.drain().await;
    assert!(receiver.nothing_more());
    world.notifier.tick(now().plus(WINDOW)).await;
    let dead = world.notifier.list_dead(&app()).await.unwrap();
    assert!(matches!(&dead[0].state, DeliveryState::Dead { why, .. } if why.contains("redirects")));
}

#[tokio::test]
async fn a_flood_is_stored_in_few_commits_and_arrives_whole() {
    let (data, mut receiver) = (data().await, Receiver::start(200).await);
    let world = World::start(&data, AlsoPrivate, &[("1", to(&receiver.url))]);
    const FLOOD: usize = 20_000;
    for _ in 0..FLOOD {
        world.occupied("1", "a");
    }
    world.notifier.drain().await;
    // What found no seat is left to the ticker.
    world.notifier.tick(now()).await;
    let (mut arrived, mut requests) = (0, 0);
    while arrived < FLOOD {
        arrived += receiver.next().await.json()["events"].as_array().unwrap().len();
        requests += 1;
    }
    // Each moment takes 4,096 events, and each delivery 100 of them.
    let most = FLOOD.div_ceil(4_096) * 4_096_usize.div_ceil(100);
    assert!(arrived == FLOOD && requests <= most, "{arrived} events in {requests} requests");
}
