//! The queue and its worker.

use emulated::Settings;
use serde_json::{Value, json};

use crate::world::World;

async fn dead(world: &World) -> Value {
    world.control("GET", "queue", b"").await.json()
}

#[tokio::test]
async fn what_failed_alone_comes_alone_again_and_dies_in_the_end() {
    let settings = Settings { visibility_ms: 20, max_receives: 2, ..Settings::default() };
    let world = World::start(settings).await;
    let entries = json!([{ "Id": "a", "MessageBody": "one" }, { "Id": "b", "MessageBody": "two", "DelaySeconds": 0 }, { "Id": "c", "MessageBody": "" }]);
    let sent = world
        .json(
            "sqs",
            "AmazonSQS.SendMessageBatch",
            json!({ "QueueUrl": "http://x/000000000000/jobs", "Entries": entries }),
        )
        .await
        .json();
    assert_eq!(sent["Successful"][1]["MD5OfMessageBody"], "b8a9f715dbb64fd5c56e7783c6820a61");
    assert_eq!(sent["Failed"][0]["Id"], "c");

    let worker = world.function("worker", 1);
    let mut bodies = Vec::new();
    while dead(&world).await["dead"].as_array().unwrap().is_empty() {
        let Ok(taken) =
            tokio::time::timeout(std::time::Duration::from_millis(300), worker.next()).await
        else {
            continue;
        };
        let mut failed = Vec::new();
        for record in taken.event["Records"].as_array().unwrap() {
            assert_eq!(record["eventSource"], "aws:sqs");
            bodies.push(format!(
                "{} {}",
                record["body"].as_str().unwrap(),
                record["attributes"]["ApproximateReceiveCount"].as_str().unwrap()
            ));
            if record["body"] == "two" {
                failed.push(json!({ "itemIdentifier": record["messageId"] }));
            }
        }
        worker.answer(&taken, json!({ "batchItemFailures": failed })).await;
    }
    bodies.sort();
    assert_eq!(bodies, ["one 1", "two 1", "two 2"]);
    assert_eq!(dead(&world).await["messages"], 0);
}

#[tokio::test]
async fn a_delayed_message_waits() {
    let world = World::usual().await;
    let sent = std::time::Instant::now();
    for (body, delay) in [("later", 1), ("now", 0)] {
        let message =
            json!({ "QueueUrl": "http://x/0/jobs", "MessageBody": body, "DelaySeconds": delay });
        assert_eq!(world.json("sqs", "AmazonSQS.SendMessage", message).await.status, 200);
    }
    let worker = world.function("worker", 1);
    for body in ["now", "later"] {
        let taken = worker.next().await;
        assert_eq!(taken.event["Records"][0]["body"], body);
        worker.answer(&taken, Value::Null).await;
    }
    assert!(sent.elapsed().as_millis() >= 1_000);
    let long = json!({ "QueueUrl": "http://x/0/jobs", "MessageBody": "x", "DelaySeconds": 901 });
    assert_eq!(world.json("sqs", "AmazonSQS.SendMessage", long).await.status, 400);
}

#[tokio::test]
async fn a_function_that_fails_gets_its_batch_again() {
    let world = World::start(Settings { visibility_ms: 20, ..Settings::default() }).await;
    world.control("POST", "queue", b"no JSON").await;
    let worker = world.function("worker", 1);
    let first = worker.next().await;
    worker.fail(&first).await;
    let again = worker.next().await;
    assert_eq!(first.event["Records"][0]["messageId"], again.event["Records"][0]["messageId"]);
    worker.answer(&again, json!({})).await;
}
