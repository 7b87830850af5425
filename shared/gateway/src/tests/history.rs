//! What channels remember, as servers and users may have it again.

use serde_json::json;

use super::world::{World, bearer, pb_key, user};

const EVENTS: &str = "/apps/1001/events";

async fn publish(world: &World, channel: &str, data: &str) {
    let body = json!({ "name": "e", "channels": [channel], "data": data }).to_string();
    assert_eq!(world.signed(&pb_key(), EVENTS, &body).await.shown(), "200 {}");
}

#[tokio::test]
async fn a_history_is_told_in_order_after_a_serial() {
    let world = World::new().await;
    let path = "/apps/1001/channels/private-chat-1/events";
    // Where nothing is known, something may have been forgotten.
    let unknown = json!({ "events": [], "complete": false, "more": false });
    assert_eq!(world.asked(path).await.json(), unknown);
    world.subscriber("a", 1, &["private-chat-1"]).await;
    for n in 1..4 {
        publish(&world, "private-chat-1", &n.to_string()).await;
    }
    let seen = world.frames.take("a");
    let seen: Vec<serde_json::Value> =
        seen.iter().map(|frame| serde_json::from_str(frame).unwrap()).collect();
    let last = |count: usize| json!(seen[seen.len() - count..]);

    let serial = |at: usize| seen[at]["serial"].as_u64().unwrap();
    let after = async |serial: u64| world.asked(&format!("{path}?after={serial}")).await.json();
    // Three were sent and two are kept.
    assert_eq!(after(0).await, json!({ "events": last(2), "complete": false, "more": false }));
    assert_eq!(after(serial(0)).await["events"], last(2));
    assert_eq!(
        after(serial(1)).await,
        json!({ "events": last(1), "complete": true, "more": false })
    );
    let none = json!({ "events": [], "complete": true, "more": false });
    assert_eq!(after(serial(2)).await, none);
}

#[tokio::test]
async fn what_has_no_history_says_so() {
    let world = World::new().await;
    let answer = world.asked("/apps/1001/channels/news/events").await;
    assert_eq!(
        answer.shown(),
        "400 news has no history: add a rule for its prefix to the app's 'history'"
    );
    let answer = world.asked("/apps/1001/channels/private-chat-1/events?after=x").await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        world.ask("GET", "/apps/1001/channels/private-chat-1/events", &[], "").await.status,
        401
    );
}

#[tokio::test]
async fn users_are_told_what_they_may_subscribe_to() {
    let world = World::new().await;
    let ask = async |who: &str, path: &str| {
        let path = format!("/api/channels/{path}");
        world.ask("GET", &path, &[&bearer(&user(who, &["w"]))], "").await
    };
    publish(&world, "private-chat-1", "x").await;
    publish(&world, "private-user-1", "for 1").await;
    let answer = ask("1", "private-chat-1/events?after=0").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["events"][0]["data"].clone()),
        (200, json!("x"))
    );
    let own = ask("1", "private-user-1/events").await.json();
    assert_eq!(own["events"][0]["data"], json!("for 1"));
    let foreign = ask("2", "private-user-1/events").await;
    assert_eq!(
        foreign.shown(),
        r#"403 {"error":{"code":"not_allowed","message":"Not allowed to subscribe to private-user-1"}}"#
    );
    assert_eq!(ask("1", "news/events").await.json()["error"]["code"], json!("bad_request"));
    assert_eq!(ask("1", "private-chat-1/events?app_key=nobody").await.status, 400);
    assert_eq!(
        ask("1", "private-chat-1/events?app_key=third-key").await.json()["events"],
        json!([])
    );
    let stranger = world.ask("GET", "/api/channels/private-chat-1/events", &[], "").await;
    assert_eq!(stranger.json()["error"]["code"], json!("not_signed_in"));
}

#[tokio::test]
async fn a_cache_channel_shows_its_last_event() {
    let world = World::new().await;
    let path = "/apps/1001/channels/private-cache-a?info=cache,subscription_count";
    let empty = json!({ "occupied": false, "subscription_count": 0, "cache": null });
    assert_eq!(world.asked(path).await.json(), empty);
    publish(&world, "private-cache-a", r#"{"n":1}"#).await;
    let answer = world.asked(path).await.json();
    assert_eq!(answer["cache"]["data"], json!(r#"{"n":1}"#));
    let ttl = answer["cache"]["ttl"].as_u64().unwrap();
    assert!((1_790..=1_800).contains(&ttl), "{ttl}");
    let plain = world.asked("/apps/1001/channels/news?info=cache").await;
    assert_eq!(plain.json(), json!({ "occupied": false }));
    assert_eq!(world.asked("/apps/1001/channels/news?info=nonsense").await.status, 400);
}
