//! What happens when what functions need is slow, busy or down: they never fail where a client would see it.

use std::time::{Duration, Instant};

use emulated::{Fault, Rule};
use lambda::disconnect::forget;
use lambda::message::Desk;
use serde_json::{Value, json};

use crate::world::{LONG, World};

const PATH: &str = "/app/key?protocol=7";

fn subscribe(channel: &str) -> Value {
    json!({ "event": "pusher:subscribe", "data": { "channel": channel } })
}

#[tokio::test]
async fn a_frame_never_fails_whatever_it_is() {
    let world = World::new().await;
    let desk = Desk::new(world.host("message").await);
    let of = |id: Value, body: Value| json!({ "requestContext": { "connectionId": id, "stage": "prod" }, "body": body });
    for event in [
        Value::Null,
        json!([]),
        json!({ "requestContext": {} }),
        of(json!(7), json!("x")),
        of(json!("unknown="), json!(r#"{"event":"pusher:ping"}"#)),
        of(json!("unknown="), json!({ "event": 1 })),
        of(json!("../x"), json!("\u{0}")),
    ] {
        desk.take(event, LONG).await;
    }
}

#[tokio::test]
async fn a_store_that_is_throttled_for_a_moment_is_not_noticed() {
    let world = World::new().await;
    let (mut client, _) = world.client(PATH).await;
    let desk = Desk::new(world.host("message").await);
    world.cloud.set_faults(vec![Rule::new("dynamodb:UpdateItem", Fault::Throttled).times(2)]);
    world.say(&mut client, &desk, subscribe("news")).await;
    assert_eq!(client.frame().await["event"], "pusher_internal:subscription_succeeded");
}

#[tokio::test]
async fn a_store_that_is_down_is_told_to_the_client_and_comes_back() {
    let world = World::new().await;
    let (mut client, _) = world.client(PATH).await;
    let desk = Desk::new(world.host("message").await);
    world.cloud.set_faults(vec![Rule::new("dynamodb:UpdateItem", Fault::Status(500))]);
    world.say(&mut client, &desk, subscribe("news")).await;
    assert_eq!(client.frame().await["event"], "pusher:error");
    world.cloud.set_faults(Vec::new());
    world.say(&mut client, &desk, subscribe("other")).await;
    loop {
        let frame = client.frame().await;
        if frame["event"] == "pusher_internal:subscription_succeeded" {
            assert_eq!(frame["channel"], "other");
            break;
        }
    }
}

/// Longer than any of them may take, and shorter than what hangs.
const IN_TIME: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(700);

#[tokio::test]
async fn a_store_that_hangs_is_given_up_before_the_function_is() {
    let world = World::new().await;
    let (desk, left) = (Desk::new(world.host("message").await), world.host("disconnect").await);
    world.cloud.set_faults(vec![Rule::new("dynamodb:*", Fault::Hang)]);
    let began = Instant::now();
    let event = json!({ "requestContext": { "connectionId": "c=" }, "body": "{}" });
    desk.take(event.clone(), SHORT).await;
    assert_eq!(forget(&left, event, SHORT).await, json!({ "statusCode": 200 }));
    assert!(began.elapsed() < IN_TIME);
}

#[tokio::test]
async fn a_client_that_cannot_be_admitted_in_time_is_let_in_to_hear_so() {
    let world = World::new().await;
    let host = world.host("connect").await;
    world.cloud.set_faults(vec![Rule::new("dynamodb:*", Fault::Hang)]);
    let began = Instant::now();
    let (mut client, first) = world.client_of(host, PATH, SHORT).await;
    assert!(began.elapsed() < IN_TIME);
    assert_eq!((&first["event"], &first["data"]["code"]), (&json!("pusher:error"), &json!(4100)));
    assert_eq!(client.frame().await, json!({ "closed": 1000 }));
}

#[tokio::test]
async fn a_busy_gateway_gets_the_greeting_again() {
    let world = World::new().await;
    let busy = Rule::new("execute-api:*", Fault::Status(500)).times(1);
    let slow = Rule::new("execute-api:*", Fault::Throttled).times(1);
    world.cloud.set_faults(vec![busy, slow]);
    let (_client, hello) = world.client(PATH).await;
    assert_eq!(hello["event"], "pusher:connection_established");
}
