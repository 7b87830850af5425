//! What dashboards see.

use axum::http::Method;
use posts::Timestamp;
use serde_json::{Value, json};

use super::world::{Answer, CRON_SECRET, World, bearer, settings, user};
use crate::{Settings, clock};

const JSON: &str = "content-type: application/json";

/// A member of the workspace `w`, unless said otherwise.
pub(super) struct Client<'a> {
    world: &'a World,
    header: String,
}

impl<'a> Client<'a> {
    pub(super) fn new(world: &'a World, id: &str, workspaces: &[&str]) -> Self {
        Self { world, header: bearer(&user(id, workspaces)) }
    }

    async fn ask(&self, method: Method, uri: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.world.ask(method.as_str(), uri, &[JSON, &self.header], body).await
    }

    pub(super) async fn post(&self, uri: &str, body: Value) -> Answer {
        self.ask(Method::POST, uri, body).await
    }

    pub(super) async fn put(&self, uri: &str, body: Value) -> Answer {
        self.ask(Method::PUT, uri, body).await
    }

    pub(super) async fn get(&self, uri: &str) -> Answer {
        self.ask(Method::GET, uri, Value::Null).await
    }

    /// Connects a webhook and answers its id.
    pub(super) async fn account(&self) -> String {
        let answer = self.post("/api/accounts", webhook()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

fn webhook() -> Value {
    json!({ "platform": "webhook", "name": "Blog", "url": "https://example.com/hook", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" })
}

pub(super) fn in_seconds(seconds: i64) -> String {
    Timestamp::from_ms(clock::now().ms() + seconds * 1000).to_string()
}

#[tokio::test]
async fn a_post_lives_from_draft_to_deletion() {
    let world = World::new().await;
    let ada = Client::new(&world, "1", &["w"]);
    let account = ada.account().await;
    let new = json!({ "text": "hello", "accounts": [account], "scheduled_at": in_seconds(3600) });
    let created = ada.post("/api/posts", new).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let post = created.json();
    let path = format!("/api/posts/{}", post["id"].as_str().unwrap());
    assert_eq!(created.header("location"), Some(path.as_str()));
    assert_eq!((&post["status"], &post["author_id"]), (&json!("scheduled"), &json!("1")));
    assert_eq!(ada.get(&path).await.json(), post);

    let edited = ada.ask(Method::PATCH, &path, json!({ "text": "hello again" })).await;
    assert_eq!((edited.status.as_u16(), &edited.json()["text"]), (200, &json!("hello again")));
    let page = ada.get("/api/posts?status=scheduled").await.json();
    assert_eq!(page["posts"].as_array().unwrap().len(), 1);
    assert_eq!(page["next_cursor"], Value::Null);

    let cancelled = ada.post(&format!("{path}/cancel"), Value::Null).await;
    assert_eq!(
        (cancelled.status.as_u16(), &cancelled.json()["status"]),
        (200, &json!("cancelled"))
    );
    assert_eq!(ada.ask(Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(ada.get(&path).await.status, 404);
}

#[tokio::test]
async fn lists_come_page_by_page() {
    let world = World::new().await;
    let ada = Client::new(&world, "1", &["w"]);
    for text in ["one", "two", "three"] {
        assert_eq!(ada.post("/api/posts", json!({ "text": text })).await.status, 201);
    }
    let mut seen = Vec::new();
    let mut uri = "/api/posts?limit=2".to_owned();
    for expected in [2, 1] {
        let page = ada.get(&uri).await.json();
        let posts = page["posts"].as_array().unwrap();
        assert_eq!(posts.len(), expected);
        seen.extend(posts.iter().map(|post| post["text"].as_str().unwrap().to_owned()));
        let cursor = page["next_cursor"].as_str().unwrap_or_default();
        let cursor: String = url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
        uri = format!("/api/posts?limit=2&cursor={cursor}");
    }
    seen.sort();
    assert_eq!(seen, ["one", "three", "two"]);
}

#[tokio::test]
async fn strangers_find_nothing() {
    let world = World::new().await;
    let ada = Client::new(&world, "1", &["w"]);
    let account = ada.account().await;
    let post = ada.post("/api/posts", json!({ "text": "secret" })).await.json();
    let path = format!("/api/posts/{}", post["id"].as_str().unwrap());
    let account = format!("/api/accounts/{account}");
    for stranger in [Client::new(&world, "2", &["w2"]), Client::new(&world, "12", &[])] {
        for (method, uri, body) in [
            (Method::GET, path.clone(), Value::Null),
            (Method::PATCH, path.clone(), json!({ "text": "mine" })),
            (Method::DELETE, path.clone(), Value::Null),
            (Method::POST, format!("{path}/cancel"), Value::Null),
            (Method::POST, format!("{path}/publish-now"), Value::Null),
            (Method::DELETE, account.clone(), Value::Null),
        ] {
            let answer = stranger.ask(method.clone(), &uri, body).await;
            assert_eq!(answer.status, 404, "{method} {uri}: {}", answer.text);
            assert_eq!(answer.json()["error"]["code"], "not_found");
        }
    }
    assert_eq!(ada.get(&path).await.json()["text"], "secret");
}

#[tokio::test]
async fn accounts_never_show_their_secret() {
    let world = World::new().await;
    let ada = Client::new(&world, "1", &["w"]);
    let created = ada.post("/api/accounts", webhook()).await;
    let listed = ada.get("/api/accounts").await;
    assert_eq!(listed.json()["accounts"], json!([created.json()]));
    for answer in [&created, &listed] {
        assert!(!answer.text.contains("whsec_"), "{}", answer.text);
    }
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let gone = ada.ask(Method::DELETE, &format!("/api/accounts/{id}"), Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(ada.get("/api/accounts").await.json(), json!({ "accounts": [] }));
}

#[tokio::test]
async fn a_field_that_is_none_is_told_with_those_that_are() {
    let world = World::new().await;
    let ada = Client::new(&world, "1", &["w"]);
    let answer =
        ada.ask(Method::POST, "/api/accounts/acc_x/reconnect", json!({ "secrt": "a" })).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    let field = &answer.json()["error"]["fields"][0];
    assert_eq!((&field["field"], &field["code"]), (&json!("secrt"), &json!("unknown")));
    let message = field["message"].as_str().unwrap();
    assert!(message.starts_with("There is no such field; those that there are: "), "{message}");
    assert!(message.contains("`secret`") && !message.contains(" line "), "{message}");
    let answer = ada.ask(Method::POST, "/api/posts", json!({ "text": 5 })).await;
    let message = &answer.json()["error"]["fields"][0]["message"];
    assert_eq!(message, "invalid type: integer `5`, expected a string");
}

#[tokio::test]
async fn wrong_fields_are_named_one_by_one() {
    let world = World::new().await;
    let ada = Client::new(&world, "1", &["w"]);
    let fields = async |method: Method, uri: &str, body: Value| {
        let answer = ada.ask(method, uri, body).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "validation_failed");
        let fields = error["fields"].as_array().unwrap().clone();
        fields.iter().map(|it| it["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (post, get) = (Method::POST, Method::GET);
    assert_eq!(fields(post.clone(), "/api/posts", json!({ "txt": "a" })).await, ["txt"]);
    assert_eq!(fields(post.clone(), "/api/posts", json!({ "text": 5 })).await, ["text"]);
    assert_eq!(
        fields(post.clone(), "/api/posts", json!({ "accounts": ["a", 5] })).await,
        ["accounts[1]"]
    );
    assert_eq!(fields(post.clone(), "/api/posts", json!([])).await, [""]);
    let absurd = json!({ "text": "a", "scheduled_at": "9999-01-01T00:00:00Z" });
    assert!(fields(post.clone(), "/api/posts", absurd).await.contains(&"scheduled_at".to_owned()));
    let unwell = json!({ "text": "a", "scheduled_at": "tomorrow" });
    assert_eq!(fields(post.clone(), "/api/posts", unwell).await, ["scheduled_at"]);
    let mut elsewhere = webhook();
    elsewhere["platform"] = json!("pigeon");
    assert_eq!(fields(post, "/api/accounts", elsewhere).await, ["platform"]);
    let query = "/api/posts?status=lost&limit=many&page=2";
    assert_eq!(fields(get.clone(), query, Value::Null).await, ["status", "limit", "page"]);
    assert_eq!(fields(get, "/api/accounts?status=x", Value::Null).await, ["status"]);
}

#[tokio::test]
async fn what_is_not_json_or_too_large_changes_nothing() {
    let world = World::new().await;
    let header = bearer(&user("1", &["w"]));
    let send = async |headers: &[&str], body: String| {
        let headers = [&[&*header], headers].concat();
        let answer = world.ask("POST", "/api/posts", &headers, body).await;
        format!("{} {}", answer.status.as_u16(), answer.json()["error"]["code"].as_str().unwrap())
    };
    assert_eq!(send(&[JSON], "{".into()).await, "400 malformed_json");
    assert_eq!(send(&[JSON], r#"{"text":"a"} x"#.into()).await, "400 malformed_json");
    assert_eq!(send(&[], r#"{"text":"a"}"#.into()).await, "415 unsupported_media_type");
    assert_eq!(
        send(&["content-type: text/plain"], "{}".into()).await,
        "415 unsupported_media_type"
    );
    let large = json!({ "text": "x".repeat(1_000_000) }).to_string();
    assert_eq!(send(&[JSON], large).await, "413 body_too_large");
    let bad_tab = [JSON, "x-socket-id: me"];
    assert_eq!(send(&bad_tab, r#"{"text":"a"}"#.into()).await, "400 invalid_socket_id");
    let page = world.ask("GET", "/api/posts", &[&header], "").await.json();
    assert_eq!(page["posts"], json!([]));
}

#[tokio::test]
async fn the_tab_that_makes_a_change_is_left_out_of_its_announcement() {
    let world = World::new().await;
    let header = bearer(&user("1", &["w"]));
    let send = async |method: &str, uri: &str, tab: &str, body: Value| {
        let answer = world.ask(method, uri, &[JSON, &header, tab], body.to_string()).await;
        let told = world.told.take();
        assert!(!told.is_empty(), "{}", answer.text);
        (answer.json(), told.into_iter().map(|it| it.except_socket).collect::<Vec<_>>())
    };
    let tab = "x-socket-id: 12.34";
    let (post, left_out) = send("POST", "/api/posts", tab, json!({ "text": "a" })).await;
    assert!(left_out.iter().all(|it| it.as_deref() == Some("12.34")), "{left_out:?}");
    let path = format!("/api/posts/{}", post["id"].as_str().unwrap());
    let (_, left_out) = send("PATCH", &path, tab, json!({ "text": "b" })).await;
    assert!(left_out.iter().all(|it| it.as_deref() == Some("12.34")), "{left_out:?}");
    let (_, left_out) = send("PATCH", &path, "x-other: 1", json!({ "text": "c" })).await;
    assert!(left_out.iter().all(Option::is_none), "{left_out:?}");
}

#[tokio::test]
async fn signing_in_is_asked_for_in_one_shape() {
    let world = World::new().await;
    for (method, uri) in [
        ("GET", "/api/posts"),
        ("POST", "/api/posts"),
        ("GET", "/api/posts/x"),
        ("DELETE", "/api/posts/x"),
        ("GET", "/api/accounts"),
        ("POST", "/api/accounts"),
    ] {
        let answer = world.ask(method, uri, &[], "").await;
        assert_eq!(answer.status, 401, "{method} {uri}");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="pushbridge""#));
        assert_eq!(answer.json()["error"]["code"], "not_signed_in");
    }
    let nothing = world.ask("GET", "/api/nothing", &[], "").await;
    assert_eq!(
        (nothing.status.as_u16(), &nothing.json()["error"]["code"]),
        (404, &json!("unknown_path"))
    );
}

#[tokio::test]
async fn the_ticker_runs_for_whoever_has_the_cron_secret() {
    let world = World::new().await;
    let ada = Client::new(&world, "1", &["w"]);
    let account = ada.account().await;
    let due = json!({ "text": "hello", "accounts": [account], "scheduled_at": in_seconds(-30) });
    let created = ada.post("/api/posts", due).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let uri = "/api/cron/publish-posts";
    for wrong in
        ["authorization: Bearer guess", "authorization: cron-secret", "x-cron: cron-secret"]
    {
        let answer = world.ask("POST", uri, &[wrong], "").await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]["code"]),
            (401, &json!("cron_secret_wrong"))
        );
    }
    let secret = format!("authorization: Bearer {CRON_SECRET}");
    let first = world.ask("POST", uri, &[&secret], "").await;
    assert_eq!(
        (first.status.as_u16(), &first.json()["processed"]),
        (200, &json!(1)),
        "{}",
        first.text
    );
    let second = world.ask("GET", uri, &[&secret], "").await;
    assert_eq!((second.status.as_u16(), &second.json()["processed"]), (200, &json!(0)));
    let path = format!("/api/posts/{}", created.json()["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.json()["status"], "published");

    let late = ada.ask(Method::PATCH, &path, json!({ "text": "too late" })).await;
    assert_eq!(late.status, 409, "{}", late.text);
    assert_eq!(late.json()["error"]["code"], "post_already_finished");
}

#[tokio::test]
async fn without_a_cron_secret_the_ticker_is_not_for_callers() {
    let world = World::with(Settings { cron_secret: None, ..settings() }).await;
    for header in ["authorization: Bearer ", "x-none: 1"] {
        let answer = world.ask("POST", "/api/cron/publish-posts", &[header], "").await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]["code"]),
            (503, &json!("cron_not_configured"))
        );
    }
}
