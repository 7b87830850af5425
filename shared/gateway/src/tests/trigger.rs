//! What server SDKs see.

use serde_json::json;

use super::world::{World, pb_key, slow_key};

const EVENTS: &str = "/apps/1001/events";
const BATCH: &str = "/apps/1001/batch_events";

fn trigger(channels: &[&str], more: serde_json::Value) -> String {
    let mut event = json!({ "name": "post:published", "channels": channels, "data": "{\"id\":1}" });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event.to_string()
}

#[tokio::test]
async fn an_event_reaches_subscribers_once_and_the_answer_is_empty() {
    let world = World::new().await;
    world.subscriber("a", 1, &["orders"]).await;
    world.subscriber("b", 2, &["other"]).await;
    let answer = world.signed(&pb_key(), EVENTS, &trigger(&["orders", "orders"], json!({}))).await;
    assert_eq!(answer.shown(), "200 {}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let event = r#"{"event":"post:published","channel":"orders","data":"{\"id\":1}"}"#;
    assert_eq!(world.frames.take("a"), [event]);
    assert!(world.frames.take("b").is_empty());
}

#[tokio::test]
async fn the_excluded_socket_hears_nothing() {
    let world = World::new().await;
    let socket = world.subscriber("a", 1, &["orders"]).await;
    world.subscriber("b", 2, &["orders"]).await;
    let body = trigger(&["orders"], json!({ "socket_id": socket.to_string() }));
    assert_eq!(world.signed(&pb_key(), EVENTS, &body).await.shown(), "200 {}");
    assert!(world.frames.take("a").is_empty());
    assert_eq!(world.frames.take("b").len(), 1);
}

#[tokio::test]
async fn counts_come_when_asked_for() {
    let world = World::new().await;
    world.subscriber("a", 1, &["orders", "presence-team"]).await;
    let info = json!({ "info": "user_count,subscription_count" });
    let body = trigger(&["orders", "presence-team", "presence-empty"], info);
    let answer = world.signed(&pb_key(), EVENTS, &body).await;
    let expected = json!({ "channels": {
        "orders": { "subscription_count": 1 },
        "presence-team": { "subscription_count": 1, "user_count": 1 },
        "presence-empty": { "subscription_count": 0, "user_count": 0 },
    }});
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn a_batch_is_checked_whole_before_anything_is_sent() {
    let world = World::new().await;
    world.subscriber("a", 1, &["one", "two"]).await;
    let event = |channel: &str| json!({ "name": "e", "channel": channel, "data": "x" });
    let batch = |events: Vec<serde_json::Value>| json!({ "batch": events }).to_string();

    let answer = world.signed(&pb_key(), BATCH, &batch(vec![event("one"), event("two")])).await;
    assert_eq!(answer.shown(), "200 {}");
    assert_eq!(world.frames.take("a").len(), 2);

    let mut counted = event("one");
    counted["info"] = json!("subscription_count");
    let answer = world.signed(&pb_key(), BATCH, &batch(vec![counted, event("two")])).await;
    assert_eq!(answer.json(), json!({ "batch": [{ "subscription_count": 1 }, {}] }));
    world.frames.take("a");

    for (events, expected) in [
        (vec![event("one"), event("b a d")], "400 Invalid channel name: 'b a d'"),
        (vec![event("one"); 11], "400 Too many events: at most 10 per batch"),
        (
            vec![json!({ "name": "e", "channels": ["one", "two"], "data": "x" })],
            "400 Each event of a batch names one channel, as 'channel'",
        ),
    ] {
        assert_eq!(world.signed(&pb_key(), BATCH, &batch(events)).await.shown(), expected);
    }
    assert!(world.frames.take("a").is_empty());
}

#[tokio::test]
async fn wrong_bodies_are_refused_in_plain_text() {
    let world = World::new().await;
    for (body, expected) in [
        ("", "400 Invalid request body: EOF while parsing a value at line 1 column 0"),
        ("{", "400 Invalid request body: EOF while parsing an object at line 1 column 1"),
        (
            r#"{"name":"e","channel":"a","data":{}}"#,
            "400 Invalid request body: data: invalid type: map, expected a string",
        ),
        (r#"{"name":"e","channel":"a"}"#, "400 Invalid request body: missing field `data`"),
        (
            r#"{"name":"pusher:x","channel":"a","data":""}"#,
            "400 Invalid event name: 'pusher:x' uses a prefix reserved for the protocol",
        ),
        (
            r#"{"name":"e","channel":"a","data":"","socket_id":"1"}"#,
            "400 Invalid socket id: expected digits.digits",
        ),
    ] {
        let answer = world.signed(&pb_key(), EVENTS, body).await;
        assert_eq!(answer.shown(), expected, "{body}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    let many: Vec<_> = (0..101).map(|i| format!("c{i}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let answer = world.signed(&pb_key(), EVENTS, &trigger(&many, json!({}))).await;
    assert_eq!(answer.shown(), "400 Too many channels: at most 100 per event");
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let world = World::new().await;
    let data = json!({ "data": "x".repeat(10_241) });
    let answer = world.signed(&pb_key(), EVENTS, &trigger(&["a"], data)).await;
    assert!(
        answer.shown().starts_with(
            "413 The data content of this event exceeds the allowed maximum (10240 bytes)."
        ),
        "{}",
        answer.shown()
    );
    let answer = world.signed(&pb_key(), EVENTS, &"x".repeat(1_000_000)).await;
    assert_eq!(
        answer.shown(),
        "413 The request body is too large: at most 524288 bytes are allowed"
    );
}

#[tokio::test]
async fn signatures_decide_who_may_publish() {
    let world = World::new().await;
    let body = trigger(&["orders"], json!({}));
    let old = auth::KeyPair::new("old-key", "old-secret");
    assert_eq!(world.signed(&old, EVENTS, &body).await.shown(), "200 {}");

    let forged = world.signed(&auth::KeyPair::new("pb-key", "guess"), EVENTS, &body).await;
    assert_eq!(forged.status, 401);
    assert!(forged.text.starts_with("Invalid signature: you should have sent HmacSHA256Hex("));
    assert!(forged.text.contains(r"POST\n/apps/1001/events\nauth_key=pb-key"), "{}", forged.text);

    let third = auth::KeyPair::new("third-key", "third-secret");
    let of_another = world.signed(&third, EVENTS, &body).await;
    assert_eq!(of_another.shown(), "401 auth_key 'third-key' is no key of this app");

    let unsigned = world.ask("POST", EVENTS, &[], body.clone()).await;
    assert!(unsigned.shown().starts_with("401 auth_key is missing"));

    let elsewhere = world.signed(&pb_key(), "/apps/999/events", &body).await;
    assert!(elsewhere.shown().starts_with("404 There is no app with this id"));

    let off = auth::KeyPair::new("off-key", "off-secret");
    let disabled = world.signed(&off, "/apps/1002/events", &body).await;
    assert!(disabled.shown().starts_with("403 This app is disabled"));
    // Whether an app is disabled is told to those who can sign for it only.
    let stranger = world.signed(&pb_key(), "/apps/1002/events", &body).await;
    assert_eq!(stranger.status, 401);
}

#[tokio::test]
async fn the_path_is_signed_as_it_was_sent() {
    let world = World::new().await;
    let body = trigger(&["orders"], json!({}));
    let answer = world.signed(&pb_key(), "/apps/%31001/events", &body).await;
    assert_eq!(answer.shown(), "200 {}");
}

#[tokio::test]
async fn other_methods_and_paths_are_refused_in_a_sentence() {
    let world = World::new().await;
    let answer = world.ask("PUT", EVENTS, &[], "").await;
    assert_eq!(
        answer.shown(),
        "405 PUT is not served at this path: see /api/openapi.json for what is"
    );
    let answer = world.ask("GET", "/apps/1001/nothing", &[], "").await;
    assert_eq!(
        answer.shown(),
        "404 Nothing is served at this path: see /api/openapi.json for what is"
    );
    assert_eq!(world.ask("GET", "/healthz", &[], "").await.shown(), "200 ok\n");
}

/// SDKs know 403 as "over quota", and 429 not at all.
#[tokio::test]
async fn an_app_that_asks_too_often_is_over_quota() {
    let world = World::new().await;
    let send = async || world.signed(&slow_key(), "/apps/1004/events", r#"{"x":1}"#).await;
    assert_eq!((send().await.status.as_u16(), send().await.status.as_u16()), (400, 400));
    let answer = send().await;
    assert_eq!(
        answer.shown(),
        "403 Over quota: this app may make 2 requests per second; send fewer, or batches"
    );
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let others = world.signed(&pb_key(), EVENTS, &trigger(&["a"], json!({}))).await;
    assert_eq!(others.shown(), "200 {}");
    let stranger = auth::KeyPair::new("slow-key", "wrong");
    assert_eq!(world.signed(&stranger, "/apps/1004/events", "{}").await.status, 401);
}

#[tokio::test]
async fn a_request_sent_again_under_its_key_is_delivered_once() {
    let world = World::new().await;
    world.subscriber("a", 1, &["orders"]).await;
    let counted = trigger(&["orders"], json!({ "info": "subscription_count" }));
    let batch = json!({ "batch": [{ "name": "e", "channel": "orders", "data": "x" }] }).to_string();
    for (path, body, key) in [(EVENTS, &counted, "k1"), (BATCH, &batch, "k2")] {
        let key = format!("idempotency-key: {key}");
        let first = world.signed_with(&pb_key(), path, body, &[&key]).await;
        assert_eq!(first.status, 200, "{}", first.text);
        world.subscriber(&format!("late {path}"), 2, &["orders"]).await;
        let again = world.signed_with(&pb_key(), path, body, &[&key]).await;
        assert_eq!(again.shown(), first.shown(), "the same answer, although one more is there");
        assert_eq!(world.frames.take("a").len(), 1);
        let other = trigger(&["orders"], json!({}));
        let refused = world.signed_with(&pb_key(), path, &other, &[&key]).await;
        assert_eq!(
            refused.shown(),
            "400 This Idempotency-Key was used for another request: use a new key for each"
        );
    }
    let older = "/apps/1001/channels/orders/events";
    for (name, expected) in [("e", 202), ("e", 202), ("other", 400)] {
        let key = ["idempotency-key: k3"];
        let answer = world.signed_query(&pb_key(), older, &format!("name={name}"), "x", &key).await;
        assert_eq!(answer.status, expected, "{}", answer.text);
    }
    assert_eq!(world.frames.take("a").len(), 1);
    let empty = world.signed_with(&pb_key(), EVENTS, &counted, &["idempotency-key: "]).await;
    assert_eq!(empty.shown(), "400 Idempotency-Key: expected 1 to 128 ASCII characters");
    assert!(world.frames.take("a").is_empty());
}
