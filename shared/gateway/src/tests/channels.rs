//! What server SDKs learn about channels.

use auth::{Request, sign_request};
use serde_json::json;

use super::world::{World, pb_key};
use crate::clock;

async fn crowd() -> World {
    let world = World::new().await;
    world.subscriber("a", 1, &["orders", "presence-team"]).await;
    world.subscriber("b", 2, &["orders", "presence-team", "presence-other"]).await;
    // What it was told of b's coming.
    world.frames.take("a");
    world
}

#[tokio::test]
async fn occupied_channels_are_an_object_by_name() {
    let world = World::new().await;
    assert_eq!(world.asked("/apps/1001/channels").await.shown(), r#"200 {"channels":{}}"#);
    let world = crowd().await;
    for (query, expected) in [
        ("", json!({ "orders": {}, "presence-other": {}, "presence-team": {} })),
        ("?filter_by_prefix=ord", json!({ "orders": {} })),
        ("?filter_by_prefix=rders", json!({})),
        (
            "?filter_by_prefix=presence-&info=user_count",
            json!({ "presence-other": { "user_count": 1 }, "presence-team": { "user_count": 2 } }),
        ),
        (
            "?info[0]=user_count&info[1]=subscription_count&filter_by_prefix=presence-t",
            json!({ "presence-team": { "user_count": 2, "subscription_count": 2 } }),
        ),
    ] {
        let answer = world.asked(&format!("/apps/1001/channels{query}")).await;
        assert_eq!(answer.json(), json!({ "channels": expected }), "{query}");
    }
    let refused = world.asked("/apps/1001/channels?info=user_count").await;
    assert_eq!(
        refused.shown(),
        "400 user_count is known of presence channels only: add filter_by_prefix=presence-"
    );
    assert_eq!(refused.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(world.asked("/apps/1001/channels?info=nonsense").await.status, 400);
}

#[tokio::test]
async fn a_channel_has_the_counts_asked_for_zeros_included() {
    let world = crowd().await;
    for (path, expected) in [
        ("orders", json!({ "occupied": true })),
        (
            "orders?info=user_count,subscription_count",
            json!({ "occupied": true, "subscription_count": 2 }),
        ),
        (
            "presence-team?info=user_count,subscription_count",
            json!({ "occupied": true, "subscription_count": 2, "user_count": 2 }),
        ),
        ("nobody", json!({ "occupied": false })),
        ("presence-nobody?info=user_count", json!({ "occupied": false, "user_count": 0 })),
        ("orders/stats", json!({ "occupied": true, "subscription_count": 2 })),
        (
            "presence-nobody/stats",
            json!({ "occupied": false, "subscription_count": 0, "user_count": 0 }),
        ),
        ("%23server-to-user-7", json!({ "occupied": false })),
    ] {
        let answer = world.asked(&format!("/apps/1001/channels/{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(answer.json(), expected, "{path}");
    }
    let refused = world.asked("/apps/1001/channels/a%20b").await;
    assert_eq!(refused.shown(), "400 Invalid channel name: 'a b'");
}

#[tokio::test]
async fn users_are_listed_once_and_only_of_presence_channels() {
    let world = crowd().await;
    let path = |channel: &str| format!("/apps/1001/channels/{channel}/users");
    let answer = world.asked(&path("presence-team")).await;
    assert_eq!(answer.shown(), r#"200 {"users":[{"id":"a"},{"id":"b"}]}"#);
    assert_eq!(world.asked(&path("presence-nobody")).await.shown(), r#"200 {"users":[]}"#);
    for other in ["orders", "private-a", "mypresence-team"] {
        assert_eq!(
            world.asked(&path(other)).await.shown(),
            "400 Only presence channels have users: their names begin with presence-"
        );
    }
}

#[tokio::test]
async fn the_older_form_of_a_trigger_still_works() {
    let world = crowd().await;
    let path = "/apps/1001/channels/orders/events";
    let send = async |query: &str, body: &str| {
        let request = Request { method: "POST", path, query, body: body.as_bytes() };
        let query = sign_request(&request, &pb_key(), clock::now().seconds());
        world.ask("POST", &format!("{path}?{query}"), &[], body.to_owned()).await
    };
    let answer = send("name=e&socket_id=1.1", r#"{"n": 1}"#).await;
    assert_eq!(answer.shown(), "202 202 ACCEPTED\n");
    assert!(world.frames.take("a").is_empty());
    let event = r#"{"event":"e","channel":"orders","data":"{\"n\": 1}"}"#;
    assert_eq!(world.frames.take("b"), [event]);
    assert_eq!(send("", "x").await.shown(), "400 Event name is missing");
    assert_eq!(send("name=e&socket_id=x", "x").await.status, 400);
    assert_eq!(send("name=e", &"x".repeat(10_241)).await.status, 413);
}

#[tokio::test]
async fn pythons_hash_of_an_empty_body_is_fine() {
    let world = crowd().await;
    let path = "/apps/1001/channels";
    let empty = "body_md5=d41d8cd98f00b204e9800998ecf8427e";
    assert_eq!(world.asked(&format!("{path}?{empty}")).await.status, 200);
    let wrong = "body_md5=00000000000000000000000000000000";
    assert_eq!(world.asked(&format!("{path}?{wrong}")).await.status, 401);
    let unsigned = world.ask("GET", path, &[], "").await;
    assert_eq!(unsigned.status, 401);
}

#[tokio::test]
async fn apps_do_not_see_each_others_channels() {
    let world = crowd().await;
    let third = auth::KeyPair::new("third-key", "third-secret");
    let path = "/apps/1003/channels";
    let request = Request { method: "GET", path, query: "", body: b"" };
    let query = sign_request(&request, &third, clock::now().seconds());
    let answer = world.ask("GET", &format!("{path}?{query}"), &[], "").await;
    assert_eq!(answer.shown(), r#"200 {"channels":{}}"#);
    assert_eq!(world.asked(path).await.status, 401);
}
