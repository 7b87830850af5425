//! Whose address a connection counts for.

use lambda::connect::Door;
use lambda::host::Host;
use lambda::http::{answer, router};
use lambda::message::Desk;
use protocol::ConnectionId;
use serde_json::{Value, json};
use store::Store;

use crate::world::{LONG, World};

const SERVER: &str =
    "[server]\ntrusted_proxies = [\"198.51.100.0/24\"]\nconnects_per_minute_per_address = 1\n";

fn handshake(id: &str, peer: &str, forwarded: Option<&str>) -> Value {
    let headers = forwarded.map(|it| json!({ "Host": "push.example.com", "X-Forwarded-For": it }));
    json!({
        "requestContext": {
            "connectionId": id, "stage": "prod", "domainName": "x.execute-api",
            "identity": { "sourceIp": peer },
        },
        "headers": headers,
        "queryStringParameters": { "app_key": "key", "protocol": "7" },
    })
}

/// The same, through the edge of this key.
fn by_edge(mut event: Value, key: &str) -> Value {
    event["headers"]["x-pushbridge-edge"] = json!(key);
    event
}

async fn is_in(host: &Host, id: &str) -> bool {
    host.store.connection(&ConnectionId::new(id)).await.unwrap().is_some()
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_counts_for_itself() {
    let world = World::new().await;
    let door = Door::new(world.host_with("connect", SERVER, &[]).await).unwrap();
    let store = world.host("connect").await;
    let (edge, other) = ("198.51.100.7", "203.0.113.1");
    for (id, peer, forwarded, lets_in) in [
        ("a=", edge, Some("203.0.113.9"), true),
        ("b=", edge, Some("203.0.113.9"), false),
        ("c=", edge, Some("203.0.113.10"), true),
        // What a client says of itself comes first, and the proxy's word last.
        ("d=", edge, Some("192.0.2.1, 203.0.113.10"), false),
        ("e=", edge, Some("203.0.113.11, 198.51.100.7"), true),
        // Whoever is no proxy names nobody.
        ("f=", other, Some("203.0.113.12"), true),
        ("g=", other, Some("203.0.113.13"), false),
    ] {
        door.open(handshake(id, peer, forwarded), LONG).await;
        assert_eq!(is_in(&store, id).await, lets_in, "{id}");
    }
}

/// CloudFront has thousands of addresses; its key tells that it asks, and its last word for whom.
#[tokio::test]
async fn what_comes_by_the_edge_counts_for_its_client_and_nothing_else_gets_in() {
    const LIMIT: &str = "[server]\nconnects_per_minute_per_address = 1\n";
    let world = World::new().await;
    let edge = world.host_with("connect", LIMIT, &[("EDGE_KEY", "the-stack")]).await;
    let (door, store) = (Door::new(edge).unwrap(), world.host("connect").await);
    let (cloudfront, another) = ("130.176.1.1", "130.176.2.2");
    for (id, peer, key, forwarded, status, lets_in) in [
        ("a=", cloudfront, "the-stack", "203.0.113.9", 200, true),
        ("b=", another, "the-stack", "203.0.113.9", 200, false),
        ("c=", another, "the-stack", "203.0.113.9, 203.0.113.10", 200, true),
        ("d=", cloudfront, "the-stack", "203.0.113.11, 130.176.1.1", 200, true),
        ("e=", cloudfront, "a-guess", "203.0.113.12", 403, false),
        ("f=", "203.0.113.13", "", "203.0.113.14", 403, false),
    ] {
        let event = by_edge(handshake(id, peer, Some(forwarded)), key);
        assert_eq!(door.open(event, LONG).await["statusCode"], status, "{id}");
        assert_eq!(is_in(&store, id).await, lets_in, "{id}");
    }
    let past = handshake("g=", "203.0.113.15", None);
    assert_eq!(door.open(past, LONG).await["statusCode"], 403, "API Gateway's own address");
}

/// Events of messages have no headers: whose they are was said by the handshake.
#[tokio::test]
async fn wrong_signatures_count_for_the_client_that_the_edge_named() {
    const LIMIT: &str = "[server]\nauth_failures_per_minute_per_address = 1\n";
    let (world, edge) = (World::new().await, [("EDGE_KEY", "the-stack")]);
    let desk = Desk::new(world.host_with("message", LIMIT, &edge).await);
    for (forwarded, code) in
        [("203.0.113.9", json!(null)), ("203.0.113.10", json!(null)), ("203.0.113.9", json!(4100))]
    {
        let host = world.host_with("connect", LIMIT, &edge).await;
        let headers = [("x-pushbridge-edge", "the-stack"), ("x-forwarded-for", forwarded)];
        let path = "/app/key?protocol=7";
        let (mut client, hello) = world.client_with(host, path, LONG, &headers).await;
        assert_eq!(hello["event"], "pusher:connection_established");
        let data = json!({ "channel": "private-a", "auth": "key:wrong" });
        let subscribe = json!({ "event": "pusher:subscribe", "data": data });
        world.say(&mut client, &desk, subscribe).await;
        let told = [client.frame().await, client.frame().await];
        assert_eq!(told[1]["event"], "pusher:subscription_error");
        if code != json!(null) {
            assert_eq!(client.frame().await["data"]["code"], code, "{forwarded}");
            continue;
        }
        let goes_on = json!({ "event": "pusher:subscribe", "data": { "channel": "a" } });
        world.say(&mut client, &desk, goes_on).await;
        let answer = client.frame().await;
        assert_eq!(answer["event"], "pusher_internal:subscription_succeeded", "{forwarded}");
    }
}

fn request(headers: &Value) -> lambda_http::Request {
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/api/openapi.json", "rawQueryString": "",
        "headers": headers, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "x", "domainName": "x.execute-api", "domainPrefix": "x",
            "http": {
                "method": "GET", "path": "/api/openapi.json", "protocol": "HTTP/1.1",
                "sourceIp": "130.176.1.1", "userAgent": "curl",
            },
            "requestId": "r", "routeKey": "$default", "stage": "$default",
            "time": "28/Nov/2026:00:00:00 +0000", "timeEpoch": 1_795_000_000_000_u64,
        },
    });
    lambda_http::request::from_str(&event.to_string()).unwrap()
}

#[tokio::test]
async fn the_http_api_is_open_by_the_edge_only() {
    let world = World::new().await;
    let host = world.host_with("api", "", &[("EDGE_KEY", "the-stack")]).await;
    let router = router(&host, &host.posts().unwrap()).unwrap();
    for (headers, status) in [
        (json!({ "x-pushbridge-edge": "the-stack" }), 200),
        (json!({ "x-pushbridge-edge": "a-guess" }), 403),
        (json!({}), 403),
    ] {
        let answered = answer(&host, router.clone(), request(&headers)).await.unwrap();
        assert_eq!(answered.status(), status, "{headers}");
    }
}
