//! Whose address a connection counts for.

use lambda::connect::Door;
use lambda::host::Host;
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
