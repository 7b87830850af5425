//! The WebSocket API.

use emulated::{Settings, Shuffle};
use serde_json::{Value, json};
use tungstenite::{Error, Message};

use crate::world::World;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn the_upgrade_waits_for_the_function_and_until_then_nobody_is_there() {
    let world = World::usual().await;
    let function = world.function("connect", 1);
    let (client, ()) = tokio::join!(world.dial("/app/my-key?protocol=7&a=1&a=2"), async {
        let taken = function.next().await;
        let context = &taken.event["requestContext"];
        assert_eq!(
            (&context["routeKey"], &context["eventType"]),
            (&json!("$connect"), &json!("CONNECT"))
        );
        assert_eq!(
            taken.event["queryStringParameters"],
            json!({ "a": "2", "app_key": "my-key", "protocol": "7" })
        );
        assert_eq!(taken.event["multiValueQueryStringParameters"]["a"], json!(["1", "2"]));
        assert_eq!(taken.event["headers"]["Sec-Websocket-Version"], "13");
        assert_eq!(
            keys(&taken.event),
            [
                "headers",
                "isBase64Encoded",
                "multiValueHeaders",
                "multiValueQueryStringParameters",
                "queryStringParameters",
                "requestContext",
            ]
        );
        assert_eq!(
            keys(context),
            [
                "apiId",
                "connectedAt",
                "connectionId",
                "domainName",
                "eventType",
                "extendedRequestId",
                "identity",
                "messageDirection",
                "requestId",
                "requestTime",
                "requestTimeEpoch",
                "routeKey",
                "stage",
            ]
        );
        let early = world.post(taken.connection(), "too early").await;
        assert_eq!((early.status.as_u16(), &early.json()["message"]), (410, &json!("Gone")));
        function.answer(&taken, json!({ "statusCode": 200 })).await;
    });
    client.unwrap();
}

#[tokio::test]
async fn what_the_function_refuses_is_refused_over_http() {
    let world = World::usual().await;
    let function = world.function("connect", 1);
    for (answer, status) in
        [(Some(json!({ "statusCode": 403 })), 403), (Some(json!({})), 502), (None, 502)]
    {
        let (client, ()) = tokio::join!(world.dial("/prod?path=/app/key"), async {
            let taken = function.next().await;
            match answer {
                Some(answer) => function.answer(&taken, answer).await,
                None => function.fail(&taken).await,
            }
        });
        assert!(matches!(client, Err(Error::Http(response)) if response.status() == status));
    }
    let nowhere = world.dial("/prod/app/key").await;
    assert!(matches!(nowhere, Err(Error::Http(response)) if response.status() == 403));
}

#[tokio::test]
async fn messages_of_one_connection_run_at_once_and_go_to_default() {
    let world = World::usual().await;
    let (mut client, id) = world.connected().await;
    for body in [r#"{"event":"pusher:subscribe"}"#, "no JSON"] {
        client.send(Message::text(body)).await;
    }
    let environments = [world.function("message", 1), world.function("message", 2)];
    let taken = [environments[0].next().await, environments[1].next().await];
    for it in &taken {
        let context = &it.event["requestContext"];
        assert_eq!(
            (&context["routeKey"], &context["eventType"]),
            (&json!("$default"), &json!("MESSAGE"))
        );
        assert_eq!(it.connection(), id);
        assert!(context["messageId"].is_string());
        assert_eq!(keys(&it.event), ["body", "isBase64Encoded", "requestContext"]);
    }
    let mut bodies: Vec<_> = taken.iter().map(|it| it.event["body"].as_str().unwrap()).collect();
    bodies.sort();
    assert_eq!(bodies, ["no JSON", r#"{"event":"pusher:subscribe"}"#]);
    // The answer of a one-way route is nobody's.
    environments[1].answer(&taken[1], json!({ "statusCode": 200, "body": "unheard" })).await;
    world.post(&id, "first").await;
    assert_eq!(client.text().await, "first");
}

#[tokio::test]
async fn a_function_that_fails_shows_a_frame_without_an_event() {
    let world = World::usual().await;
    let (mut client, id) = world.connected().await;
    client.send(Message::text("{}")).await;
    let function = world.function("message", 1);
    let taken = function.next().await;
    function.fail(&taken).await;
    let frame: Value = serde_json::from_str(&client.text().await).unwrap();
    let request = &taken.event["requestContext"]["requestId"];
    let expected =
        json!({ "message": "Internal server error", "connectionId": id, "requestId": request });
    assert_eq!(frame, expected);
}

#[tokio::test]
async fn a_ping_needs_no_function_and_only_that_very_event_is_one() {
    let world = World::usual().await;
    let (mut client, _) = world.connected().await;
    client.send(Message::text(r#"{"event":"pusher:ping ","data":{}}"#)).await;
    client.send(Message::text(r#"{"event":"pusher:ping","data":{}}"#)).await;
    assert_eq!(client.text().await, r#"{"event":"pusher:pong","data":{}}"#);
    let taken = world.function("message", 1).next().await;
    assert_eq!(taken.event["body"], r#"{"event":"pusher:ping ","data":{}}"#);
}

#[tokio::test]
async fn a_deleted_connection_ends_with_1000_and_says_so() {
    let world = World::usual().await;
    let (mut client, id) = world.connected().await;
    world.post(&id, "last words").await;
    assert_eq!(world.connection("DELETE", &id, b"").await.status, 204);
    assert_eq!(world.post(&id, "too late").await.status, 410);
    assert_eq!(client.text().await, "last words");
    assert_eq!(client.closed().await, 1000);
    let taken = world.function("disconnect", 1).next().await;
    let context = &taken.event["requestContext"];
    assert_eq!(
        (&context["eventType"], &context["routeKey"]),
        (&json!("DISCONNECT"), &json!("$disconnect"))
    );
    assert_eq!(context["disconnectStatusCode"], 1000);
    assert_eq!(context["disconnectReason"], "Connection Closed Normally");
}

#[tokio::test]
async fn silence_and_age_end_with_1001() {
    let short = Settings { idle_ms: 50, ..Settings::default() };
    for settings in [short, Settings { age_ms: 300, ..Settings::default() }] {
        let world = World::start(settings).await;
        let (mut client, id) = world.connected().await;
        assert_eq!(client.closed().await, 1001);
        assert_eq!(world.post(&id, "x").await.status, 410);
    }
}

#[tokio::test]
async fn what_may_not_be_sent_ends_the_connection() {
    let world = World::usual().await;
    let large_frame = Message::text("x".repeat((32 << 10) + 1));
    for (message, code) in [(Message::binary(vec![1]), 1003), (large_frame, 1009)] {
        let (mut client, _) = world.connected().await;
        client.send(message).await;
        assert_eq!(client.closed().await, code);
    }
}

#[tokio::test]
async fn a_goodbye_can_get_lost() {
    let world = World::usual().await;
    for (lost, expected) in [(false, json!(1005)), (true, Value::Null)] {
        let (client, _) = world.connected().await;
        world.cloud.set(Settings { lose_disconnects: lost, ..Settings::default() });
        client.close().await;
        if lost {
            let marker = world.control("POST", "invoke/disconnect", b"{}");
            let function = world.function("disconnect", 1);
            let (_, ()) = tokio::join!(marker, async {
                let taken = function.next().await;
                assert_eq!(taken.event["requestContext"]["disconnectStatusCode"], expected);
                function.answer(&taken, json!({})).await;
            });
        } else {
            let function = world.function("disconnect", 1);
            let taken = function.next().await;
            assert_eq!(taken.event["requestContext"]["disconnectStatusCode"], expected);
            function.answer(&taken, json!({})).await;
        }
    }
}

#[tokio::test]
async fn a_seed_puts_messages_out_of_order() {
    let shuffle = Some(Shuffle { seed: 7, up_to_ms: 400 });
    let world = World::start(Settings { shuffle, ..Settings::default() }).await;
    let (mut client, _) = world.connected().await;
    for number in 0..8 {
        client.send(Message::text(number.to_string())).await;
    }
    let function = world.function("message", 1);
    let mut order = Vec::new();
    for _ in 0..8 {
        let taken = function.next().await;
        order.push(taken.event["body"].as_str().unwrap().to_owned());
        function.answer(&taken, json!({})).await;
    }
    assert!(!order.is_sorted(), "{order:?}");
}

#[tokio::test]
async fn settled_is_when_nothing_is_under_way() {
    let world = World::usual().await;
    let (mut client, id) = world.connected().await;
    let connect = world.function("connect", 1);
    // The function that greets is busy until it asks for its next event.
    let idle = tokio::spawn(async move { connect.next().await });
    world.cloud.settled().await;
    client.send(Message::text("{}")).await;
    client.send(Message::text(r#"{"event":"pusher:ping"}"#)).await;
    client.text().await;
    let function = world.function("message", 1);
    let taken = function.next().await;
    let mut settled = Box::pin(world.cloud.settled());
    assert!(futures::poll!(&mut settled).is_pending());
    function.answer(&taken, json!({})).await;
    assert!(futures::poll!(&mut settled).is_pending(), "it may still work");
    let (_, ()) = tokio::join!(
        async {
            tokio::time::timeout(std::time::Duration::from_millis(200), function.next()).await
        },
        settled
    );
    world.post(&id, "x").await;
    idle.abort();
}
