//! `@connections`.

use emulated::Settings;
use serde_json::json;

use crate::world::{World, call, rate};

#[tokio::test]
async fn unsigned_calls_are_refused() {
    let world = World::usual().await;
    let (_client, id) = world.connected().await;
    let path = format!("/prod/@connections/{id}");
    let nobody = call(world.cloud.loopback(), "POST", &path, &[], b"x").await.unwrap();
    assert_eq!(
        (nobody.status.as_u16(), nobody.json()["message"].as_str()),
        (403, Some("Missing Authentication Token"))
    );
    let other = world.signed("execute-apo", "POST", &path, &[], b"x").await;
    assert_eq!(other.status, 403);
    let forged = [
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=00",
        ),
        ("x-amz-date", "20260101T000000Z"),
    ];
    let forged = call(world.cloud.loopback(), "POST", &path, &forged, b"x").await.unwrap();
    assert_eq!(forged.status, 403);
}

#[tokio::test]
async fn each_method_answers_as_aws_does() {
    let world = World::usual().await;
    let (mut client, id) = world.connected().await;
    assert_eq!(world.post(&id, "ünï").await.status, 200);
    assert_eq!(client.text().await, "ünï");
    let about = world.connection("GET", &id, b"").await;
    assert_eq!(about.json()["identity"]["sourceIp"], "127.0.0.1");
    assert!(about.json()["connectedAt"].as_str().unwrap().ends_with('Z'));
    let malformed = world.post("nope", "x").await;
    assert_eq!(
        (malformed.status.as_u16(), &malformed.json()["message"]),
        (400, &json!("Invalid connectionId: nope"))
    );
    let unknown = world.post("L0SM9cOFvHcCIhw=", "x").await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.headers["x-amzn-errortype"].to_str().unwrap()),
        (410, "GoneException")
    );
    let large = world.post(&id, &"x".repeat((128 << 10) + 1)).await;
    assert_eq!(large.status, 413);
    assert_eq!(world.post(&id, &"x".repeat(128 << 10)).await.status, 200);
    assert_eq!(client.text().await.len(), 128 << 10);
}

#[tokio::test]
async fn above_the_rate_is_429() {
    let world = World::usual().await;
    let (_client, id) = world.connected().await;
    world.cloud.set(Settings { management_rate: rate(1), ..Settings::default() });
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(world.connection("GET", &id, b"").await.status.as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn who_does_not_read_is_429() {
    let world = World::usual().await;
    let (_client, id) = world.connected().await;
    let text = "x".repeat(100 << 10);
    let mut number = 0;
    while world.post(&id, &text).await.status != 429 {
        number += 1;
        assert!(number < 1_000, "nothing is full");
    }
}

#[tokio::test]
async fn calls_are_written_down_once() {
    let world = World::usual().await;
    let (_client, id) = world.connected().await;
    world.post(&id, "x").await;
    world.json("dynamodb", "DynamoDB_20120810.GetItem", json!({ "TableName": "realtime" })).await;
    let text = std::fs::read_to_string(world.calls.path().join("calls.jsonl")).unwrap();
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            r#"{"function":"message","action":"execute-api:ManageConnections","resource":"prod/POST/@connections/*"}"#,
            r#"{"function":"message","action":"dynamodb:GetItem","resource":"table/realtime"}"#,
        ]
    );
}

#[tokio::test]
async fn what_was_posted_before_the_end_arrives_before_it() {
    let world = World::usual().await;
    let (mut client, id) = world.connected().await;
    // More than the buffers of a socket hold, so that a message is being sent while the connection is deleted.
    let (posts, text) = (100, "x".repeat(128 << 10));
    for _ in 0..posts {
        assert_eq!(world.post(&id, &text).await.status, 200);
    }
    assert_eq!(world.connection("DELETE", &id, b"").await.status, 204);
    for _ in 0..posts {
        assert_eq!(client.text().await.len(), text.len());
    }
    assert_eq!(client.closed().await, 1000);
}
