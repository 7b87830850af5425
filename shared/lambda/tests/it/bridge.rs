//! The bridge: an event counts once, and one that is wrong is dropped.

use emulated::{Fault, Rule};
use lambda::bridge::carry;
use lambda::mapping;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::world::World;

fn event(id: &str, kind: &str, detail: Value) -> Box<RawValue> {
    to_raw_value(&json!({
        "version": "0", "id": id, "source": "shop", "detail-type": kind, "account": "0",
        "time": "2026-11-21T12:00:00Z", "region": "us-east-1", "resources": [], "detail": detail,
    }))
    .unwrap()
}

#[tokio::test]
async fn an_event_reaches_its_channels_once() {
    let world = World::new().await;
    let mut client = world.subscriber("orders").await;
    let host = world.host("bridge").await;
    let detail = json!({ "channels": ["orders"], "name": "placed", "data": { "n": 1 } });
    let one = event("e1", "pushbridge.trigger", detail);
    for published in [1, 0, 0] {
        let done = carry(&host, &[], &one).await.unwrap();
        assert_eq!(done, json!({ "published": published }));
    }
    let rules = r#"[{"source":"shop","channels":["orders"],"name":"order:{detail.state}"}]"#;
    let rules = mapping::parse(rules).unwrap();
    carry(&host, &rules, &event("e2", "Order", json!({ "state": "paid" }))).await.unwrap();
    let heard = [client.frame().await, client.frame().await];
    assert_eq!(heard[0]["event"], "placed");
    assert_eq!(heard[0]["data"], r#"{"n":1}"#);
    assert_eq!(
        (&heard[1]["event"], &heard[1]["data"]),
        (&json!("order:paid"), &json!(r#"{"state":"paid"}"#))
    );
}

#[tokio::test]
async fn what_is_wrong_is_dropped_and_what_could_not_be_done_fails() {
    let world = World::new().await;
    let host = world.host("bridge").await;
    for (detail, _why) in [
        (json!({}), "no channels"),
        (json!({ "channels": ["a b"], "name": "e" }), "no name of a channel"),
        (json!({ "channels": ["a"], "name": "e", "app_id": "7" }), "another app"),
        (json!({ "channels": ["a"], "name": "e", "data": "x".repeat(20_000) }), "too large"),
    ] {
        let done = carry(&host, &[], &event("e3", "pushbridge.trigger", detail)).await.unwrap();
        assert_eq!(done, json!({ "published": 0 }));
    }
    let odd = to_raw_value(&json!([1])).unwrap();
    assert_eq!(carry(&host, &[], &odd).await.unwrap(), json!({ "published": 0 }));
    let good = event("e4", "pushbridge.trigger", json!({ "channels": ["a"], "name": "e" }));
    world.cloud.set_faults(vec![Rule::new("dynamodb:*", Fault::Status(400)).on("realtime")]);
    assert!(carry(&host, &[], &good).await.is_err());
    world.cloud.set_faults(Vec::new());
    assert_eq!(carry(&host, &[], &good).await.unwrap(), json!({ "published": 1 }));
}

#[tokio::test]
async fn an_event_that_nobody_could_be_found_for_comes_again() {
    let world = World::new().await;
    let mut client = world.subscriber("orders").await;
    let host = world.host("bridge").await;
    let detail = json!({ "channels": ["orders"], "name": "placed" });
    let one = event("e5", "pushbridge.trigger", detail);
    world.cloud.set_faults(vec![Rule::new("dynamodb:Query", Fault::Status(500)).by("bridge")]);
    assert!(carry(&host, &[], &one).await.is_err());
    world.cloud.set_faults(Vec::new());
    assert_eq!(carry(&host, &[], &one).await.unwrap(), json!({ "published": 1 }));
    assert_eq!(client.frame().await["event"], "placed");
}
