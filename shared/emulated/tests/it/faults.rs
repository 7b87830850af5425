//! Faults happen where they are asked for, and nowhere else.

use std::time::{Duration, Instant};

use emulated::{Fault, Rule};
use serde_json::{Value, json};

use crate::world::{World, call};

async fn list(world: &World) -> (u16, Value) {
    let answer = world.json("dynamodb", "DynamoDB_20120810.ListTables", json!({})).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn the_store_is_throttled_slow_or_broken_for_as_long_as_asked() {
    let world = World::usual().await;
    world.cloud.set_faults(vec![
        Rule::new("dynamodb:*", Fault::Throttled).times(1),
        Rule::new("dynamodb:ListTables", Fault::Status(500)).by("message").times(1),
        Rule::new("dynamodb:*", Fault::Slow(100)).times(1),
    ]);
    let (status, body) = list(&world).await;
    assert_eq!(status, 400);
    assert!(body["__type"].as_str().unwrap().ends_with("ProvisionedThroughputExceededException"));
    assert_eq!(list(&world).await.0, 500);
    let begun = Instant::now();
    assert_eq!(list(&world).await.0, 200);
    assert!(begun.elapsed() >= Duration::from_millis(100));
    assert_eq!(list(&world).await.0, 200);
}

#[tokio::test]
async fn a_connection_that_is_cut_did_or_did_not_do_it() {
    let world = World::usual().await;
    let (mut client, id) = world.connected().await;
    let fault = |fault| vec![Rule::new("execute-api:*", fault).on(&id).times(1)];
    world.cloud.set_faults(fault(Fault::Status(410)));
    assert_eq!(world.post(&id, "unheard").await.status, 410);
    for (kind, text) in [(Fault::Cut, "unheard"), (Fault::CutAfter, "heard")] {
        world.cloud.set_faults(fault(kind));
        let path = format!("/prod/@connections/{id}");
        // The signature is another test's; a cut connection has no answer at all.
        let posting = tokio::spawn({
            let loopback = world.cloud.loopback();
            async move { call(loopback, "POST", &path, &[], b"unsigned").await.unwrap().status }
        });
        assert_eq!(posting.await.unwrap(), 403);
        assert!(world.try_post(&id, text).await.is_none());
    }
    assert_eq!(client.text().await, "heard");
    world.cloud.set_faults(fault(Fault::Hang));
    let hung = tokio::time::timeout(Duration::from_millis(50), world.post(&id, "never")).await;
    assert!(hung.is_err());
}

#[tokio::test]
async fn events_come_twice_or_never() {
    let world = World::usual().await;
    let function = world.function("bridge", 1);
    world.cloud.set_faults(vec![
        Rule::new("invoke", Fault::Twice).by("bridge").times(1),
        Rule::new("invoke", Fault::Kill).by("bridge").times(1),
    ]);
    let (answer, ()) = tokio::join!(world.control("POST", "invoke/bridge", b"1"), async {
        for answer in ["first", "second"] {
            let taken = function.next().await;
            assert_eq!(taken.event, 1);
            function.answer(&taken, json!(answer)).await;
        }
    });
    assert_eq!(answer.json(), "first");
    let killed = world.control("POST", "invoke/bridge", b"2").await;
    assert_eq!(
        (killed.status.as_u16(), &killed.json()["errorType"]),
        (500, &json!("Runtime.ExitError"))
    );
    let rules = json!([{ "action": "invoke", "fault": "nonsense" }]).to_string();
    assert_eq!(world.control("PUT", "faults", rules.as_bytes()).await.status, 400);
}
