//! The webhook against real servers on loopback that behave well or badly.

use std::time::Duration;

use posts::{Account, AccountId, AccountStatus, PostId, Secret, Stage, UserId, When, WorkspaceId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::{Addresses, Settings};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const AT_S: u64 = 1_795_161_603;

fn webhook(addresses: Addresses, timeout: Duration) -> Webhook {
    let settings = Settings { timeout, ..Settings::new(addresses) };
    Webhook::new(Http::new(settings).unwrap())
}

fn account(url: String) -> Account {
    Account {
        id: AccountId::parse("acc_1").unwrap(),
        workspace_id: WorkspaceId::parse("ws_1").unwrap(),
        platform: NAME.into(),
        name: "Receiver".into(),
        url,
        remote_id: String::new(),
        created_by: UserId::parse("u_1").unwrap(),
        created_at: Timestamp::from_ms(0),
        status: AccountStatus::Connected,
        limits: None,
        version: 1,
    }
}

async fn publish_to(webhook: &Webhook, url: String) -> Outcome {
    let (account, secret) = (account(url), Secret::new(SECRET));
    let (idem_key, payload) = ("dlv_1.0", r#"{"type":"post.publish"}"#);
    let request = Request {
        account: &account,
        secret: &secret,
        idem_key,
        payload,
        attempt: 1,
        at_s: AT_S,
        since_s: AT_S,
        prepared: None,
        media: &[],
    };
    webhook.publish(request).await.outcome
}

/// Reads one whole request: its head and its body.
async fn request(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() == length.unwrap().parse::<usize>().unwrap() {
                return (head.to_owned(), body.to_owned());
            }
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the request broke off: {text}");
    }
}

/// A server that reads one request, writes `answer` and closes. It ends with the request and the number of callers.
async fn server(answer: &str) -> (String, JoinHandle<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?a=b", listener.local_addr().unwrap());
    let answer = answer.to_owned();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = request(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        request
    });
    (url, task)
}

async fn outcome_of(answer: &str) -> Outcome {
    let (url, task) = server(answer).await;
    let outcome = publish_to(&webhook(Addresses::AlsoPrivate, Duration::from_secs(15)), url).await;
    task.await.unwrap();
    outcome
}

fn published(id: Option<&str>, url: Option<&str>) -> Outcome {
    Outcome::Published { remote_id: id.map(str::to_owned), remote_url: url.map(str::to_owned) }
}

fn with_body(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn the_request_is_signed_and_complete() {
    let (url, task) = server(&with_body("200 OK", "")).await;
    let outcome = publish_to(&webhook(Addresses::AlsoPrivate, Duration::from_secs(15)), url).await;
    assert_eq!(outcome, published(None, None));
    let (head, body) = task.await.unwrap();
    let header = |name: &str| {
        let prefix = format!("{name}: ");
        head.lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .unwrap_or_else(|| panic!("no {name} in {head}"))
    };
    assert!(head.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{head}");
    assert_eq!(body, r#"{"type":"post.publish"}"#);
    assert_eq!((header("content-type"), header("webhook-id")), ("application/json", "dlv_1.0"));
    assert!(header("user-agent").starts_with("Pushbridge/"));
    let keys = Keys::parse(SECRET).unwrap();
    let (timestamp, signature) = (header("webhook-timestamp"), header("webhook-signature"));
    assert_eq!(keys.verify("dlv_1.0", timestamp, signature, body.as_bytes(), AT_S), Ok(()));
    assert!(!head.contains("whsec"));
}

#[tokio::test]
async fn what_was_made_is_read_if_it_is_told() {
    let both = r#"{"id":"42","url":"https://example.com/42","more":[1]}"#;
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(REMOTE_ID_BYTES + 1));
    for (body, expected) in [
        (both, published(Some("42"), Some("https://example.com/42"))),
        (r#"{"id":"42"}"#, published(Some("42"), None)),
        (r#"{"id":"42","url":"javascript:alert(1)"}"#, published(Some("42"), None)),
        (long.as_str(), published(None, None)),
        ("thanks", published(None, None)),
    ] {
        assert_eq!(outcome_of(&with_body("201 Created", body)).await, expected, "{body}");
    }
    let huge = "x".repeat(2 * 1024 * 1024);
    assert_eq!(outcome_of(&with_body("200 OK", &huge)).await, published(None, None));
}

#[tokio::test]
async fn answers_that_end_it() {
    for (status, class) in [
        ("302 Found\r\nlocation: https://example.com/", ErrorClass::Invalid),
        ("307 Temporary Redirect\r\nlocation: https://example.com/", ErrorClass::Invalid),
        ("400 Bad Request", ErrorClass::Invalid),
        ("401 Unauthorized", ErrorClass::Auth),
        ("403 Forbidden", ErrorClass::Forbidden),
        ("404 Not Found", ErrorClass::Invalid),
        ("410 Gone", ErrorClass::Auth),
        ("422 Unprocessable", ErrorClass::Invalid),
    ] {
        let number = status[..3].parse().unwrap();
        match outcome_of(&with_body(status, "")).await {
            Outcome::Refused { class: got, http_status, .. } => {
                assert_eq!((got, http_status), (class, Some(number)), "{status}");
            }
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn answers_that_ask_to_come_back() {
    let limited = outcome_of(&with_body("429 Too Many\r\nretry-after: 7", "")).await;
    assert!(matches!(limited, Outcome::RateLimited { retry_after_s: Some(7), .. }), "{limited:?}");
    let limited = outcome_of(&with_body("429 Too Many", "")).await;
    assert!(matches!(limited, Outcome::RateLimited { retry_after_s: None, .. }), "{limited:?}");
    for (status, pause) in [
        ("500 Broken", None),
        ("502 Bad Gateway\r\nretry-after: 30", Some(30)),
        ("503 Unavailable", None),
        ("504 Timeout\r\nretry-after: Fri, 20 Nov 2026 08:01:03 GMT", Some(60)),
        ("408 Slow", None),
    ] {
        match outcome_of(&with_body(status, "")).await {
            Outcome::NotSent { class, retry_after_s, .. } => {
                assert_eq!(
                    (class, retry_after_s),
                    (ErrorClass::PlatformUnavailable, pause),
                    "{status}"
                );
            }
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn no_answer_leaves_it_open() {
    for answer in [
        "",
        "HTTP/1.1 20",
        "nonsense\r\n\r\n",
        "HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{\"id\"",
    ] {
        let outcome = outcome_of(answer).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{answer:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn silence_leaves_it_open() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let held = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        // Held open until the client gives up.
        stream.read(&mut [0]).await
    });
    let outcome =
        publish_to(&webhook(Addresses::AlsoPrivate, Duration::from_millis(200)), url).await;
    assert_eq!(outcome, Outcome::Unknown { message: "No answer came in time.".into() });
    held.await.unwrap().ok();
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let outcome = publish_to(&webhook(Addresses::AlsoPrivate, Duration::from_secs(15)), url).await;
    let message = "The address could not be reached.".to_owned();
    assert_eq!(
        outcome,
        Outcome::NotSent { class: ErrorClass::Network, message, retry_after_s: None }
    );
}

#[tokio::test]
async fn private_addresses_are_not_called_unless_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listener = listener.into_std().unwrap();
    let port = listener.local_addr().unwrap().port();
    let closed = webhook(Addresses::Public, Duration::from_secs(15));
    for url in [
        format!("https://127.0.0.1:{port}/"),
        "https://127.0.0.1/".into(),
        "https://localhost/".into(),
    ] {
        let outcome = publish_to(&closed, url.clone()).await;
        assert!(
            matches!(
                &outcome,
                Outcome::Refused { class: ErrorClass::Invalid, http_status: None, .. }
            ),
            "{url}: {outcome:?}"
        );
    }
    let call = listener.accept().unwrap_err();
    assert_eq!(call.kind(), std::io::ErrorKind::WouldBlock, "nobody called");
}

#[test]
fn accounts_are_checked_by_field() {
    let closed = webhook(Addresses::Public, Duration::from_secs(15));
    let fields = |url: &str, secret: &str| {
        let account = NewAccount {
            remote_id: String::new(),
            workspace_id: None,
            platform: NAME.into(),
            name: "Receiver".into(),
            url: url.into(),
            secret: Secret::new(secret),
        };
        let errors = closed.check(&account);
        assert!(errors.iter().all(|error| secret.is_empty() || !error.message.contains(secret)));
        errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
    };
    assert_eq!(fields("https://example.com/hook", SECRET), [""; 0]);
    assert_eq!(fields("http://example.com/hook", SECRET), ["url"]);
    assert_eq!(fields("https://example.com/hook", "whsec_short"), ["secret"]);
    assert_eq!(fields("https://10.0.0.1/", ""), ["url", "secret"]);
}

fn post(text: &str) -> Post {
    let at = Timestamp::from_ms(1_795_161_603_412);
    Post {
        id: PostId::parse("post_1").unwrap(),
        workspace_id: WorkspaceId::parse("ws_1").unwrap(),
        author_id: UserId::parse("u_1").unwrap(),
        text: text.into(),
        accounts: Vec::new(),
        stage: Stage::Publishing {
            when: When { scheduled_at: at, tz: None, local_time: None },
            started_at: at,
        },
        version: 2,
        media: Vec::new(),
        content_rev: 1,
        created_at: at,
        updated_at: at,
    }
}

#[test]
fn payloads_are_frozen_whole() {
    let delivery = DeliveryId::parse("dlv_1").unwrap();
    let webhook = webhook(Addresses::Public, Duration::from_secs(15));
    assert_eq!(
        webhook.freeze(&post("Hello \"you\""), &delivery),
        "{\"type\":\"post.publish\",\"timestamp\":\"2026-11-20T08:00:03.412Z\",\"data\":{\"post_id\":\"post_1\",\
         \"workspace_id\":\"ws_1\",\"delivery_id\":\"dlv_1\",\"author_id\":\"u_1\",\"text\":\"Hello \\\"you\\\"\",\
         \"scheduled_at\":\"2026-11-20T08:00:03.412Z\"}}"
    );
}

#[test]
fn a_text_that_passes_makes_a_payload_that_fits() {
    let long = "\"".repeat(posts::limits::ID_BYTES);
    let delivery = DeliveryId::parse(long.as_str()).unwrap();
    let webhook = webhook(Addresses::Public, Duration::from_secs(15));
    for (text, fits) in [
        ("x".repeat(PAYLOAD_BYTES - ENVELOPE_BYTES - 3), true),
        ("x".repeat(PAYLOAD_BYTES - ENVELOPE_BYTES - 2), false),
        ("\u{1}".repeat(3_116), true),
        ("\u{1}".repeat(3_117), false),
    ] {
        let error = webhook.check_text(&text);
        assert_eq!(error.is_none(), fits, "{} bytes", text.len());
        let mut post = post(&text);
        post.id = PostId::parse(long.as_str()).unwrap();
        post.workspace_id = WorkspaceId::parse(long.as_str()).unwrap();
        post.author_id = UserId::parse(long.as_str()).unwrap();
        let payload = webhook.freeze(&post, &delivery);
        assert!(!fits || payload.len() < PAYLOAD_BYTES, "{} bytes", payload.len());
    }
}

#[tokio::test]
async fn a_payload_that_is_too_large_is_not_sent() {
    let (account, secret) = (account("https://example.com/".into()), Secret::new(SECRET));
    let payload = "x".repeat(PAYLOAD_BYTES);
    let request = Request {
        account: &account,
        secret: &secret,
        idem_key: "k",
        payload: &payload,
        attempt: 1,
        at_s: AT_S,
        since_s: AT_S,
        prepared: None,
        media: &[],
    };
    let outcome =
        webhook(Addresses::Public, Duration::from_secs(15)).publish(request).await.outcome;
    let message = TOO_LONG.to_owned();
    assert_eq!(
        outcome,
        Outcome::Refused { class: ErrorClass::Invalid, message, http_status: None }
    );
}
