use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::inbox::{NotTaken, Signed};
use super::*;

const AT_S: u64 = 1_795_161_603;

fn demo() -> DemoState {
    let rules = JwtRules::default();
    DemoState::new(Secret::new("0123456789abcdef0123456789abcdef"), rules, "http://127.0.0.1:6001")
        .unwrap()
}

fn keys(demo: &DemoState) -> Keys {
    Keys::parse(webhook_secret(&demo.jwt_secret).reveal()).unwrap()
}

fn take(demo: &DemoState, id: &str, body: &[u8], now_s: u64) -> Result<Value, NotTaken> {
    let signatures = keys(demo).sign(id, AT_S, body);
    let signed = Signed { id, timestamp: &AT_S.to_string(), signatures: &signatures };
    demo.inbox.take(signed, body, now_s).map(|receipt| json!(receipt))
}

async fn call(demo: &DemoState, method: &str, path: &str, host: &str) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", host)
        .body(Body::empty())
        .unwrap();
    let response = router(demo.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn arrivals_are_taken_once_and_listed_newest_first() {
    let demo = demo();
    let receipt = json!({ "id": "a.1", "url": "http://127.0.0.1:6001/demo/inbox/a.1" });
    assert_eq!(take(&demo, "a.1", br#"{"n":1}"#, AT_S), Ok(receipt.clone()));
    take(&demo, "b.1", br#"{"n":2}"#, AT_S + 1).unwrap();
    assert_eq!(take(&demo, "a.1", br#"{"n":1}"#, AT_S + 9), Ok(receipt));
    let (status, body) = call(&demo, "GET", "/demo/inbox", "127.0.0.1:6001").await;
    assert_eq!(status, StatusCode::OK);
    let first = json!({ "id": "a.1", "received_at_s": AT_S, "attempts": 2, "payload": { "n": 1 } });
    let second =
        json!({ "id": "b.1", "received_at_s": AT_S + 1, "attempts": 1, "payload": { "n": 2 } });
    assert_eq!(body, json!({ "arrivals": [second, first] }));
    let (status, body) = call(&demo, "GET", "/demo/inbox/a.1", "localhost").await;
    assert_eq!((status, body), (StatusCode::OK, first));
    assert_eq!(call(&demo, "GET", "/demo/inbox/c", "localhost").await.0, StatusCode::NOT_FOUND);
}

#[test]
fn what_is_not_taken() {
    let demo = demo();
    assert_eq!(take(&demo, "", b"{}", AT_S), Err(NotTaken::BadId));
    assert_eq!(take(&demo, "a/b", b"{}", AT_S), Err(NotTaken::BadId));
    assert_eq!(take(&demo, &"a".repeat(129), b"{}", AT_S), Err(NotTaken::BadId));
    assert_eq!(take(&demo, "a", b"{", AT_S), Err(NotTaken::NotJson));
    assert!(matches!(take(&demo, "a", b"{}", AT_S + 301), Err(NotTaken::Unsigned(_))));
    let forged = Signed { id: "a", timestamp: &AT_S.to_string(), signatures: "v1,AAAA" };
    assert!(matches!(demo.inbox.take(forged, b"{}", AT_S), Err(NotTaken::Unsigned(_))));
}

#[tokio::test]
async fn the_inbox_is_bounded() {
    let demo = demo();
    for n in 0..150 {
        take(&demo, &format!("a.{n}"), b"{}", AT_S).unwrap();
    }
    let (_, body) = call(&demo, "GET", "/demo/inbox", "localhost").await;
    assert_eq!(body["arrivals"].as_array().unwrap().len(), 100);
    assert_eq!(body["arrivals"][0]["id"], "a.149");
}

#[tokio::test]
async fn tokens_are_for_this_machine_and_work() {
    let demo = demo();
    let (status, body) = call(&demo, "POST", "/demo/token", "127.0.0.1:6001").await;
    assert_eq!(
        (status, &body["user_id"], &body["workspace_id"]),
        (StatusCode::OK, &json!(USER), &json!(WORKSPACE))
    );
    let keys = identity::Keys::secret(demo.jwt_secret.expose());
    let now_s = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let told =
        identity::verify(body["token"].as_str().unwrap(), &keys, &demo.rules, now_s).unwrap();
    assert_eq!(told, user());
    let (status, body) = call(&demo, "POST", "/demo/token", "evil.example").await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::FORBIDDEN, &json!("not_local")));
}

#[tokio::test]
async fn an_unsigned_post_is_refused_over_http() {
    let (status, body) = call(&demo(), "POST", "/demo/inbox", "localhost").await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("bad_request")));
}
