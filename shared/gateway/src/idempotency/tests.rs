use axum::http::HeaderValue;
use axum::response::IntoResponse;
use serde_json::json;

use super::*;

fn claim(key: &str, body: &str) -> Claim {
    with_query(key, body, &[])
}

fn with_query(key: &str, body: &str, query: &[(&str, &str)]) -> Claim {
    let mut headers = HeaderMap::new();
    headers.insert("idempotency-key", HeaderValue::from_str(key).unwrap());
    let query = query.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Claim::of(&headers, &AppId::new("1"), "/events", &query, body.as_bytes()).unwrap().unwrap()
}

#[test]
fn what_counts_of_the_query_is_what_it_says_and_not_when_it_was_signed() {
    let digest = |query: &[(&str, &str)]| with_query("k", "a", query).digest;
    let first = digest(&[("auth_timestamp", "1"), ("auth_signature", "x"), ("name", "e")]);
    assert_eq!(first, digest(&[("auth_timestamp", "2"), ("auth_signature", "y"), ("name", "e")]));
    assert_ne!(first, digest(&[("name", "f")]));
    assert_ne!(first, digest(&[("name", "e"), ("socket_id", "1.2")]));
    assert_ne!(digest(&[("a", "bc")]), digest(&[("ab", "c")]));
}

fn status(refused: Plain) -> u16 {
    refused.into_response().status().as_u16()
}

#[test]
fn an_answer_is_kept_for_five_minutes() {
    let mut kept = Kept::default();
    let (first, other) = (claim("k", "a"), claim("k", "b"));
    assert_eq!(kept.begin(&first, 0).unwrap(), None);
    assert_eq!(kept.begin(&first, 0).map_err(status), Err(409), "it is under way");
    kept.finish(first.clone(), &json!({ "n": 1 }), 0);
    assert_eq!(kept.begin(&first, 299_999).unwrap(), Some(json!({ "n": 1 })));
    assert_eq!(kept.begin(&other, 299_999).map_err(status), Err(400), "another body");
    assert_eq!(kept.begin(&claim("l", "a"), 0).unwrap(), None, "another key");
    let elsewhere = Claim { app: AppId::new("2"), ..first.clone() };
    assert_eq!(kept.begin(&elsewhere, 0).unwrap(), None, "another app");
    assert_eq!(kept.begin(&first, 300_000).unwrap(), None, "it is forgotten");
}

#[test]
fn memory_is_bounded_by_number_and_by_size() {
    let mut kept = Kept::default();
    for n in 0..ANSWERS + 10 {
        kept.finish(claim(&n.to_string(), ""), &json!({}), 0);
    }
    assert_eq!((kept.works.len(), kept.ends.len(), kept.bytes), (ANSWERS, ANSWERS, 2 * ANSWERS));
    let large = json!("x".repeat(ANSWER_BYTES / 4));
    for n in 0..10 {
        kept.finish(claim(&format!("large {n}"), ""), &large, 0);
    }
    assert!(kept.works.len() == 3 && kept.bytes <= ANSWER_BYTES, "{}", kept.works.len());
    kept.expire(KEEP_MS);
    assert!(kept.works.is_empty() && kept.ends.is_empty() && kept.bytes == 0);
}

#[tokio::test]
async fn a_work_that_failed_or_panicked_can_be_done_again() {
    let answers = Answers::default();
    let claim = Some(claim("k", "a"));
    let failed = answers.once(claim.clone(), async { Err(Plain::bad("no")) }).await;
    assert_eq!(failed.map_err(status), Err(400));
    let panicked = answers.once(claim.clone(), async { panic!("on purpose") }).await;
    assert_eq!(panicked.map_err(status), Err(500));
    let done = answers.once(claim.clone(), async { Ok(json!(1)) }).await;
    assert_eq!(done.unwrap(), json!(1));
    let again = answers.once(claim, async { Ok(json!(2)) }).await;
    assert_eq!(again.unwrap(), json!(1));
}

#[tokio::test]
async fn a_client_that_hangs_up_stops_nothing() {
    let answers = Answers::default();
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let (done, finished) = tokio::sync::oneshot::channel::<()>();
    let work = async move {
        gone.await.unwrap();
        done.send(()).unwrap();
        Ok(json!(1))
    };
    let request = answers.once(Some(claim("k", "a")), work);
    let hung_up = tokio::select! {
        biased;
        _ = request => false,
        () = tokio::task::yield_now() => true,
    };
    assert!(hung_up);
    go.send(()).unwrap();
    finished.await.unwrap();
}
