//! What a key is good for, however the work under it ends.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue};
use axum::response::IntoResponse;
use protocol::AppId;
use serde_json::json;
use store::Claim;

use super::world::World;
use crate::idempotency::claim;
use crate::plain::Plain;

fn of(query: &[(&str, &str)], body: &str, attempt: u64) -> Claim {
    let mut headers = HeaderMap::new();
    headers.insert("idempotency-key", HeaderValue::from_static("k"));
    let query: BTreeMap<_, _> =
        query.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let app = AppId::new("1001");
    claim(&headers, &app, "/events", &query, body.as_bytes(), attempt).unwrap().unwrap()
}

fn status(refused: Plain) -> u16 {
    refused.into_response().status().as_u16()
}

#[test]
fn what_counts_of_the_query_is_what_it_says_and_not_when_it_was_signed() {
    let digest = |query: &[(&str, &str)]| of(query, "a", 1).digest;
    let first = digest(&[("auth_timestamp", "1"), ("auth_signature", "x"), ("name", "e")]);
    assert_eq!(first, digest(&[("auth_timestamp", "2"), ("auth_signature", "y"), ("name", "e")]));
    assert_ne!(first, digest(&[("name", "f")]));
    assert_ne!(first, digest(&[("name", "e"), ("socket_id", "1.2")]));
    assert_ne!(digest(&[("a", "bc")]), digest(&[("ab", "c")]));
}

#[tokio::test]
async fn a_work_that_failed_or_panicked_can_be_done_again() {
    let push = World::new().await.push();
    let failed = push.clone().under(of(&[], "a", 1), async { Err(Plain::bad("no")) }).await;
    assert_eq!(failed.map_err(status), Err(400));
    let panicked = push.clone().under(of(&[], "a", 2), async { panic!("on purpose") }).await;
    assert_eq!(panicked.map_err(status), Err(500));
    let done = push.clone().under(of(&[], "a", 3), async { Ok(json!(1)) }).await;
    assert_eq!(done.unwrap(), json!(1));
    let again = push.clone().under(of(&[], "a", 4), async { Ok(json!(2)) }).await;
    assert_eq!(again.unwrap(), json!(1));
    let other = push.under(of(&[], "b", 5), async { Ok(json!(2)) }).await;
    assert_eq!(other.map_err(status), Err(400));
}

#[tokio::test]
async fn a_client_that_hangs_up_stops_nothing_and_who_comes_meanwhile_waits() {
    let push = World::new().await.push();
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let (begin, begun) = tokio::sync::oneshot::channel::<()>();
    let work = async move {
        begin.send(()).unwrap();
        gone.await.unwrap();
        Ok(json!(1))
    };
    let request = push.clone().under(of(&[], "a", 1), work);
    let hung_up = tokio::select! {
        _ = request => false,
        _ = begun => true,
    };
    assert!(hung_up);
    let meanwhile = push.clone().under(of(&[], "a", 2), async { Ok(json!(2)) }).await;
    assert_eq!(meanwhile.map_err(status), Err(409));
    go.send(()).unwrap();
    let answer = loop {
        let again = push.clone().under(of(&[], "a", 3), async { Ok(json!(3)) }).await;
        match again.map_err(status) {
            Err(409) => tokio::task::yield_now().await,
            other => break other,
        }
    };
    assert_eq!(answer, Ok(json!(1)));
}
