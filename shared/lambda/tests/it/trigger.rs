//! Triggers while the store is down: the publisher is told, and publishes again.

use auth::KeyPair;
use axum::Router;
use axum::body::{Body, to_bytes};
use emulated::{Fault, Rule};
use http::Request;
use lambda::host::now_ms;
use lambda::http::router;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::World;

/// A trigger's path, own query and body.
type Ask = (&'static str, &'static str, String);

/// What is answered to a signed request.
async fn post(router: &Router, (path, query, body): &Ask, key: Option<&str>) -> (u16, String) {
    let request = auth::Request { method: "POST", path, query, body: body.as_bytes() };
    let query = auth::sign_request(&request, &KeyPair::new("key", "secret"), now_ms() / 1_000);
    let mut request = Request::post(format!("{path}?{query}"));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let answer = router.clone().oneshot(request.body(Body::from(body.clone())).unwrap());
    let answer = answer.await.unwrap();
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(bytes.into()).unwrap())
}

#[tokio::test]
async fn an_event_is_refused_while_nobody_can_be_found_and_published_when_it_comes_again() {
    let world = World::new().await;
    let mut client = world.subscriber("orders").await;
    let host = world.host("api").await;
    let router = router(&host, &host.posts().unwrap()).unwrap();
    let event = |name| json!({ "name": name, "channel": "orders", "data": "x" });
    let asks: [Ask; 3] = [
        ("/apps/1001/events", "", event("one").to_string()),
        ("/apps/1001/batch_events", "", json!({ "batch": [event("two")] }).to_string()),
        ("/apps/1001/channels/orders/events", "name=three", "x".to_owned()),
    ];
    for (fault, key) in [(Fault::Status(500), None), (Fault::Throttled, Some("k"))] {
        for (at, ask) in asks.iter().enumerate() {
            let key = key.map(|key| format!("{key}{at}"));
            world.cloud.set_faults(vec![Rule::new("dynamodb:Query", fault).by("api")]);
            let (status, text) = post(&router, ask, key.as_deref()).await;
            assert_eq!((status, text.contains("again")), (503, true), "{ask:?}: {text}");
            world.cloud.set_faults(Vec::new());
            let (status, text) = post(&router, ask, key.as_deref()).await;
            assert!(matches!(status, 200 | 202), "{ask:?}: {status} {text}");
            let names = ["one", "two", "three"];
            assert_eq!(client.frame().await["event"], Value::from(names[at]));
        }
    }
}
