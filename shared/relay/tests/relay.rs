//! Events arrive signed as Pusher demands, and again when they were not taken.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};

use auth::{KeyPair, Request, Secret, verify_request};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::post;
use channels::{Info, Publish};
use protocol::{AppKey, ChannelName, EventName};
use relay::{Event, Relay};

type Ledger = Arc<Mutex<Vec<(Uri, Bytes)>>>;

/// A Pusher that is busy at the first call.
async fn pusher(ledger: Ledger) -> String {
    let take = async |State(ledger): State<Ledger>, uri: Uri, body: Bytes| {
        let mut ledger = ledger.lock().unwrap();
        ledger.push((uri, body));
        if ledger.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    };
    let router = Router::new().route("/apps/{id}/events", post(take)).with_state(ledger);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://my-key:my-secret@{address}/apps/42")
}

#[tokio::test]
async fn an_event_arrives_signed_and_is_offered_again() {
    let ledger = Ledger::default();
    let relay = Relay::parse(&pusher(Arc::clone(&ledger)).await).unwrap();
    let publish = Publish {
        channels: ["a", "private-b"].map(|name| ChannelName::parse(name).unwrap()).into(),
        event: EventName::parse("e").unwrap(),
        data: r#"{"n":1}"#.into(),
        except: None,
        info: Info::default(),
    };
    relay.offer(&Event::from(&publish)).await;
    let calls = ledger.lock().unwrap().clone();
    assert_eq!(calls.len(), 2);
    for (uri, body) in &calls {
        assert_eq!(body, r#"{"name":"e","channels":["a","private-b"],"data":"{\"n\":1}"}"#);
        let request =
            Request { method: "POST", path: uri.path(), query: uri.query().unwrap(), body };
        let pair = KeyPair { key: AppKey::new("my-key"), secret: Secret::new("my-secret") };
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        verify_request(&request, &[pair], now).unwrap();
        assert_eq!(uri.path(), "/apps/42/events");
    }
}

#[test]
fn what_is_no_address_is_refused_without_its_secret() {
    for bad in [
        "my-key:my-secret@api.pusher.com/apps/1",
        "https://my-key@api.pusher.com/apps/1",
        "https://my-key:my-secret@api.pusher.com/",
        "ftp://my-key:my-secret@api.pusher.com/apps/1",
    ] {
        let error = Relay::parse(bad).unwrap_err().to_string();
        assert!(error.starts_with("RELAY_PUSHER_URL cannot be used"), "{error}");
        assert!(!error.contains(bad), "{error}");
    }
    let good = Relay::parse("https://my-key:my-secret@api.pusher.com/apps/1").unwrap();
    assert_eq!(format!("{good:?}"), "Relay(https://api.pusher.com/apps/1/events)");
}
