//! Who asks too often, by address and by user.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::world::{Answer, World, bearer, per_minute, settings, user};
use crate::{AddressRates, ClientIp, Settings, Visitors};

fn from(address: &str) -> Option<ClientIp> {
    Some(ClientIp(address.parse::<IpAddr>().unwrap()))
}

async fn ask(world: &World, address: &str, path: &str, authorization: &str) -> Answer {
    let mut request = Request::builder().uri(path);
    if !authorization.is_empty() {
        request = request.header("authorization", authorization);
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(from(address).unwrap());
    world.send(request).await
}

/// The test's server lets an address fail twice a minute.
#[tokio::test]
async fn who_fails_too_often_is_refused_unheard() {
    let world = World::new().await;
    let bad = "Bearer nonsense";
    let good = format!("Bearer {}", super::world::token(&user("1", &[])));
    for _ in 0..5 {
        let answer = ask(&world, "203.0.113.7", "/api/posts", "").await;
        assert_eq!(answer.status, 401, "without credentials nothing was tried");
    }
    for _ in 0..2 {
        assert_eq!(ask(&world, "203.0.113.7", "/api/posts", bad).await.status, 401);
    }
    for token in [bad, &good] {
        let answer = ask(&world, "203.0.113.7", "/api/posts", token).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.json()["error"]["code"], json!("too_many_requests"));
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((25..=30).contains(&wait), "{wait}");
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(
            message.starts_with(
                "Too many wrong signatures and tokens from your address: come back in "
            )
        );
    }
    let signed = ask(&world, "203.0.113.7", "/apps/1001/channels?auth_signature=00", "").await;
    assert_eq!(signed.status, 403);
    assert_eq!(signed.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(ask(&world, "203.0.113.8", "/api/posts?workspace_id=w", &good).await.status, 404);
}

#[tokio::test]
async fn wrong_signatures_count_too() {
    let world = World::new().await;
    let path = "/apps/1001/channels?auth_signature=00&auth_key=pb-key";
    for status in [401, 401, 403, 403] {
        assert_eq!(ask(&world, "2001:db8::1", path, "").await.status, status);
    }
    let neighbour = ask(&world, "2001:db8::ffff:1", path, "").await;
    assert_eq!(neighbour.status, 403, "one subscriber has all addresses of a /64");
    assert_eq!(ask(&world, "2001:db8:0:1::1", path, "").await.status, 401);
}

#[tokio::test]
async fn this_machine_is_not_limited() {
    let world = World::new().await;
    for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        for _ in 0..5 {
            assert_eq!(ask(&world, address, "/api/posts", "Bearer nonsense").await.status, 401);
        }
    }
}

#[tokio::test]
async fn a_user_who_asks_too_often_is_told_when_to_come_back() {
    let settings = Settings { user_requests: per_minute(2), ..settings() };
    let world = World::with(settings).await;
    let ask = async |who: &str| {
        let headers = [&*bearer(&user(who, &["w"]))];
        world.ask("GET", "/api/posts?workspace_id=w", &headers, "").await
    };
    assert_eq!((ask("1").await.status.as_u16(), ask("1").await.status.as_u16()), (200, 200));
    let answer = ask("1").await;
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(ask("2").await.status, 200);
}

#[tokio::test]
async fn connects_are_counted_by_address() {
    let rates = AddressRates { connects: per_minute(2), failures: per_minute(1) };
    let (visitors, world) = (Visitors::new(rates), World::new().await);
    let service = &world.service;
    let connects = async |from, now| visitors.connects(service, from, now).await;
    let failed = async |from, now| visitors.failed(service, from, now).await;
    let (one, two) = (from("203.0.113.7"), from("203.0.113.8"));
    assert_eq!((connects(one, 0).await, connects(one, 0).await), (Ok(()), Ok(())));
    let often = connects(one, 0).await.unwrap_err().to_string();
    assert_eq!(often, "Too many connections from your address: come back in 30 s");
    assert_eq!(connects(one, 30_000).await, Ok(()));
    assert_eq!(failed(two, 0).await, Ok(()));
    let often = connects(two, 0).await.unwrap_err().to_string();
    assert_eq!(often, "Too many wrong signatures and tokens from your address: come back in 60 s");
    assert!(failed(two, 0).await.is_err());
    assert_eq!(connects(two, 60_000).await, Ok(()));
    let nobody = connects(None, 0).await;
    assert_eq!(nobody, Ok(()), "a host that knows no addresses limits none");
}
