//! Asynchronous invocations, the bus, the schedule, parameters.

use std::collections::BTreeMap;

use emulated::Settings;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn an_asynchronous_invocation_is_tried_three_times() {
    let world = World::usual().await;
    let headers = [("x-amz-invocation-type", "Event")];
    let path =
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A0%3Afunction%3Afanout/invocations";
    let accepted = world.signed("lambda", "POST", path, &headers, br#"{"n":1}"#).await;
    assert_eq!(accepted.status, 202);
    let function = world.function("fanout", 1);
    for _ in 0..3 {
        let taken = function.next().await;
        assert_eq!(taken.event, json!({ "n": 1 }));
        function.fail(&taken).await;
    }
    let (reply, ()) = tokio::join!(
        world.signed("lambda", "POST", "/2015-03-31/functions/fanout/invocations", &[], b"{}"),
        async {
            let taken = function.next().await;
            assert_eq!(taken.event, json!({}), "not a fourth time");
            function.answer(&taken, json!({ "ok": true })).await;
        }
    );
    assert_eq!(reply.json(), json!({ "ok": true }));
    let unknown =
        world.signed("lambda", "POST", "/2015-03-31/functions/nope/invocations", &[], b"{}").await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn the_rule_leads_from_the_bus_to_the_bridge() {
    let world = World::usual().await;
    let detail = json!({ "channels": ["a"], "name": "e", "data": 1 }).to_string();
    let entries = json!([
        { "Source": "shop", "DetailType": "other", "Detail": "{}" },
        { "Source": "shop", "DetailType": "pushbridge.trigger", "Detail": "no JSON" },
        { "Source": "shop", "DetailType": "pushbridge.trigger", "Detail": detail, "EventBusName": "pushbridge" },
    ]);
    let put =
        world.json("events", "AWSEvents.PutEvents", json!({ "Entries": entries })).await.json();
    assert_eq!(
        (&put["FailedEntryCount"], &put["Entries"][1]["ErrorCode"]),
        (&json!(1), &json!("MalformedDetail"))
    );
    let taken = world.function("bridge", 1).next().await;
    assert_eq!(taken.event["id"], put["Entries"][2]["EventId"]);
    assert_eq!(
        (&taken.event["detail-type"], &taken.event["detail"]["name"]),
        (&json!("pushbridge.trigger"), &json!("e"))
    );
    assert_eq!(world.control("GET", "events", b"").await.json().as_array().unwrap().len(), 2);
    let many: Vec<_> = (0..11).map(|_| json!({})).collect();
    assert_eq!(
        world.json("events", "AWSEvents.PutEvents", json!({ "Entries": many })).await.status,
        400
    );
}

#[tokio::test]
async fn the_schedule_comes_by_itself_and_on_demand() {
    let world = World::start(Settings { schedule_ms: 20, ..Settings::default() }).await;
    let function = world.function("publish", 1);
    let taken = function.next().await;
    assert_eq!(
        (&taken.event["source"], &taken.event["detail-type"]),
        (&json!("aws.events"), &json!("Scheduled Event"))
    );
    let quiet = World::usual().await;
    quiet.control("POST", "tick", b"").await;
    assert_eq!(quiet.function("publish", 1).next().await.event["source"], "aws.events");
}

#[tokio::test]
async fn parameters_come_decrypted_for_those_who_ask() {
    let parameters = BTreeMap::from([("/stack/secret".to_owned(), "s3cret".to_owned())]);
    let world = World::start(Settings { parameters, ..Settings::default() }).await;
    let get = |body| world.json("ssm", "AmazonSSM.GetParameter", body);
    let plain = get(json!({ "Name": "/stack/secret", "WithDecryption": true })).await.json();
    assert_eq!(plain["Parameter"]["Value"], "s3cret");
    assert_ne!(
        get(json!({ "Name": "/stack/secret" })).await.json()["Parameter"]["Value"],
        "s3cret"
    );
    assert_eq!(get(json!({ "Name": "/other" })).await.status, 400);
    let secret = world
        .json(
            "secretsmanager",
            "secretsmanager.GetSecretValue",
            json!({ "SecretId": "/stack/secret" }),
        )
        .await;
    assert_eq!(secret.json()["SecretString"], "s3cret");
}
