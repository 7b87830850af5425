//! The HTTP API.

use serde_json::json;

use crate::world::{World, call};

#[tokio::test]
async fn a_request_is_an_event_and_an_answer_a_response() {
    let world = World::usual().await;
    let function = world.function("api", 1);
    let headers = [
        ("content-type", "application/json"),
        ("x-many", "a"),
        ("x-many", "b"),
        ("cookie", "s=1; t=2"),
    ];
    let path = "/apps/1/events?auth_key=k&q=%20a&q=b";
    let (reply, event) = tokio::join!(
        call(world.public, "POST", path, &headers, br#"{"a":"b"}"#),
        async {
            let taken = function.next().await;
            let answer = json!({ "statusCode": 202, "headers": { "x-a": "b" }, "cookies": ["c=d"], "body": "{}" });
            function.answer(&taken, answer).await;
            taken.event
        }
    );
    let reply = reply.unwrap();
    assert_eq!((reply.status.as_u16(), &reply.body[..]), (202, &b"{}"[..]));
    assert_eq!(
        (&reply.headers["x-a"], &reply.headers["set-cookie"]),
        (&"b".parse().unwrap(), &"c=d".parse().unwrap())
    );
    assert!(reply.headers.contains_key("apigw-requestid"));
    assert_eq!((&event["version"], &event["routeKey"]), (&json!("2.0"), &json!("$default")));
    assert_eq!(
        (&event["rawPath"], &event["rawQueryString"]),
        (&json!("/apps/1/events"), &json!("auth_key=k&q=%20a&q=b"))
    );
    assert_eq!(event["queryStringParameters"], json!({ "auth_key": "k", "q": " a,b" }));
    assert_eq!(event["cookies"], json!(["s=1", "t=2"]));
    assert_eq!(event["headers"]["x-many"], "a,b");
    assert!(event["headers"].get("cookie").is_none());
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"]),
        (&json!(r#"{"a":"b"}"#), &json!(false))
    );
    assert_eq!(event["requestContext"]["http"]["method"], "POST");
    assert_eq!(event["requestContext"]["stage"], "$default");
}

#[tokio::test]
async fn a_form_comes_in_base64_to_the_function_of_the_route() {
    let world = World::usual().await;
    let function = world.function("auth", 1);
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let (reply, ()) =
        tokio::join!(call(world.public, "POST", "/pusher/auth", &headers, b"a=b"), async {
            let taken = function.next().await;
            assert_eq!(
                (&taken.event["body"], &taken.event["isBase64Encoded"]),
                (&json!("YT1i"), &json!(true))
            );
            function.fail(&taken).await;
        });
    let reply = reply.unwrap();
    assert_eq!(
        (reply.status.as_u16(), reply.json()),
        (500, json!({ "message": "Internal Server Error" }))
    );
}

#[tokio::test]
async fn what_is_too_large_reaches_no_function() {
    let world = World::usual().await;
    let body = vec![b'x'; (6 << 20) + 1];
    let reply = call(world.public, "POST", "/api/posts", &[], &body).await.unwrap();
    assert_eq!(
        (reply.status.as_u16(), reply.json()),
        (413, json!({ "message": "Request Entity Too Large" }))
    );
    let plain = call(world.public, "GET", "/app/my-key", &[], b"").await.unwrap();
    assert_eq!(plain.status, 403);
}
