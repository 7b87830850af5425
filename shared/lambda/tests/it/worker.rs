//! The queue's worker: what fails comes again, alone.

use emulated::{Fault, Rule};
use lambda::host::{Host, Posts};
use serde_json::{Value, json};

use crate::world::{LONG, World};

async fn work(host: &Host, posts: &Posts, event: Value) -> Value {
    lambda::worker::work(host, posts, event, LONG).await
}

fn batch(bodies: &[Value]) -> Value {
    let record = |(at, body): (usize, &Value)| json!({ "messageId": format!("m{at}"), "body": body.to_string() });
    json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>() })
}

fn confirm(channel: &str) -> Value {
    let absence = json!({ "connection": "c=", "user": null });
    json!({ "look_again": { "confirm_leave": { "app": "1001", "channel": channel, "absence": absence } } })
}

#[tokio::test]
async fn only_what_was_not_done_comes_again() {
    let world = World::new().await;
    let (host, posts) = world.worker().await;
    let hook =
        json!({ "hook": { "app": "1001", "hook": { "channel_occupied": { "channel": "news" } } } });
    let good = [confirm("news"), hook, json!("tick")];
    let failures = |ids: &[&str]| {
        let ids: Vec<_> = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect();
        json!({ "batchItemFailures": ids })
    };
    assert_eq!(work(&host, &posts, batch(&good)).await, failures(&[]));
    // What nobody understands is left to the dead letters.
    let odd = [json!({ "paint": 1 }), confirm("news"), json!(7)];
    assert_eq!(work(&host, &posts, batch(&odd)).await, failures(&["m0", "m2"]));
    world.cloud.set_faults(vec![Rule::new("dynamodb:*", Fault::Status(400)).on("realtime")]);
    assert_eq!(work(&host, &posts, batch(&good)).await, failures(&["m0"]));
    world
        .cloud
        .set_faults(vec![Rule::new("dynamodb:*", Fault::Status(400)).on("pushbridge-webhooks")]);
    assert_eq!(work(&host, &posts, batch(&good[..2])).await, failures(&["m1"]));
    assert_eq!(work(&host, &posts, json!({})).await, failures(&[]));
    assert_eq!(work(&host, &posts, Value::Null).await, failures(&[]));
}

#[tokio::test]
async fn events_that_a_bus_refuses_are_kept() {
    let world = World::new().await;
    let (host, posts) = world.worker().await;
    let event = json!({ "Source": "pushbridge", "DetailType": "post.published", "Detail": "{}" });
    let task = json!({ "put_events": [event] });
    world.cloud.set_faults(vec![Rule::new("events:PutEvents", Fault::Throttled).times(1)]);
    let again = json!({ "batchItemFailures": [{ "itemIdentifier": "m0" }] });
    assert_eq!(work(&host, &posts, batch(std::slice::from_ref(&task))).await, again);
    assert_eq!(work(&host, &posts, batch(&[task])).await, json!({ "batchItemFailures": [] }));
}
