//! The admin routes: who may call them, and what they tell.

use serde_json::{Value, json};

use super::api::Client;
use super::world::{ADMIN_KEY, Answer, World};

const ROUTES: [(&str, &str); 11] = [
    ("POST", "/api/admin/accounts/reseal"),
    ("GET", "/api/admin/apps"),
    ("POST", "/api/admin/apps"),
    ("GET", "/api/admin/apps/1001"),
    ("PATCH", "/api/admin/apps/1001"),
    ("POST", "/api/admin/apps/1001/keys"),
    ("DELETE", "/api/admin/apps/1001/keys/pb-key"),
    ("POST", "/api/admin/apps/1001/disable"),
    ("GET", "/api/admin/webhooks"),
    ("GET", "/api/admin/webhooks/x"),
    ("POST", "/api/admin/webhooks/x/replay"),
];

async fn ask(world: &World, method: &str, path: &str, body: &Value) -> Answer {
    let key = format!("authorization: Bearer {ADMIN_KEY}");
    let headers = [key.as_str(), "content-type: application/json"];
    world
        .ask(method, path, &headers, if body.is_null() { String::new() } else { body.to_string() })
        .await
}

#[tokio::test]
async fn nobody_is_let_in_without_the_key() {
    let world = World::new().await;
    for (method, path) in ROUTES {
        for header in [
            "x-none: 1",
            "authorization: Bearer ",
            "authorization: Bearer admin-ke",
            "authorization: Basic admin-key",
        ] {
            let answer = world.ask(method, path, &[header], "").await;
            assert_eq!(answer.status, 401, "{method} {path} {header}");
        }
    }
}

#[tokio::test]
async fn an_app_is_made_rotated_switched_off_and_shown_without_secrets() {
    let world = World::new().await;
    let new = json!({ "id": "7", "name": "Seven", "webhooks": [{ "url": "https://example.com/", "headers": { "X-T": "hush" } }] });
    let made = ask(&world, "POST", "/api/admin/apps", &new).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (key, secret) =
        (made.json()["fresh"]["key"].clone(), made.json()["fresh"]["secret"].clone());
    let rotated = ask(&world, "POST", "/api/admin/apps/7/keys", &Value::Null).await.json();
    assert_eq!(rotated["app"]["keys"], json!([rotated["fresh"]["key"], key]));

    let old = format!("/api/admin/apps/7/keys/{}", key.as_str().unwrap());
    assert_eq!(
        ask(&world, "DELETE", &old, &Value::Null).await.json()["keys"],
        json!([rotated["fresh"]["key"]])
    );
    let off = ask(&world, "POST", "/api/admin/apps/7/disable", &Value::Null).await;
    assert_eq!(off.json()["enabled"], false);
    let list = ask(&world, "GET", "/api/admin/apps", &Value::Null).await;
    assert_eq!(list.json()["apps"].as_array().unwrap().len(), 2);
    let shown = ask(&world, "GET", "/api/admin/apps/7", &Value::Null).await;
    for answer in [list, shown, off] {
        for hidden in [
            secret.as_str().unwrap(),
            rotated["fresh"]["secret"].as_str().unwrap(),
            "hush",
            "pb-secret",
        ] {
            assert!(!answer.text.contains(hidden), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let world = World::new().await;
    let null = Value::Null;
    for (method, path, body, status, code) in [
        ("GET", "/api/admin/apps/9", &null, 404, "not_found"),
        ("POST", "/api/admin/apps/9/keys", &null, 404, "not_found"),
        ("POST", "/api/admin/apps/1001/disable", &null, 409, "app_in_configuration"),
        ("POST", "/api/admin/apps", &json!({ "id": "1001" }), 409, "app_id_taken"),
        ("POST", "/api/admin/apps", &json!({ "id": "a/b" }), 422, "validation_failed"),
        ("POST", "/api/admin/apps", &json!({ "nme": "x" }), 422, "validation_failed"),
        (
            "POST",
            "/api/admin/apps",
            &json!({ "webhooks": [{ "url": "x" }] }),
            422,
            "validation_failed",
        ),
        ("GET", "/api/admin/webhooks/x", &null, 404, "not_found"),
        ("POST", "/api/admin/webhooks/x/replay", &null, 404, "not_found"),
    ] {
        let answer = ask(&world, method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], code, "{method} {path}");
    }
    assert_eq!(
        ask(&world, "GET", "/api/admin/webhooks", &null).await.json(),
        json!({ "webhooks": [] })
    );
}

#[tokio::test]
async fn an_app_is_edited_as_far_as_it_stands_in_the_table_and_with_good_values() {
    let world = World::new().await;
    let new = json!({ "id": "7", "history": [{ "prefix": "private-a-", "count": 5, "age_s": 6 }], "authorize_within_s": 30 });
    let made = ask(&world, "POST", "/api/admin/apps", &new).await.json();
    assert_eq!(
        (&made["app"]["history"], &made["app"]["authorize_within_s"]),
        (&new["history"], &json!(30))
    );
    let path = "/api/admin/apps/7";
    let patch = json!({ "name": "Seven", "client_events": true, "authorize_within_s": null, "limits": { "watchlist": 3 } });
    let app = ask(&world, "PATCH", path, &patch).await.json();
    assert_eq!(
        (&app["name"], &app["client_events"], &app["history"]),
        (&json!("Seven"), &json!(true), &new["history"])
    );
    assert_eq!(
        (&app["authorize_within_s"], &app["limits"]["watchlist"]),
        (&json!(null), &json!(3))
    );
    assert_eq!(ask(&world, "GET", path, &Value::Null).await.json(), app);
    for (path, patch, status, word) in [
        (path, json!({ "allowed_origins": ["https://a/"] }), 422, "allowed_origins"),
        (path, json!({ "limits": { "watchlist": 10_001 } }), 422, "limits.watchlist"),
        (path, json!({ "limits": { "watchlst": 1 } }), 422, "There is no such field"),
        (path, json!({ "keys": [] }), 422, "`webhooks`"),
        ("/api/admin/apps/8", json!({}), 404, "not_found"),
        ("/api/admin/apps/1001", json!({ "name": "x" }), 409, "app_in_configuration"),
    ] {
        let answer = ask(&world, "PATCH", path, &patch).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.text.contains(word), "{}", answer.text);
    }
    assert_eq!(
        ask(&world, "GET", path, &Value::Null).await.json(),
        app,
        "nothing of that was kept"
    );
}

#[tokio::test]
async fn credentials_are_sealed_anew_page_by_page() {
    let world = World::new().await;
    Client::new(&world, "1", &["w"]).account().await;
    let path = "/api/admin/accounts/reseal";
    let report = ask(&world, "POST", path, &Value::Null).await;
    assert_eq!(report.status, 200, "{}", report.text);
    let expected = json!({ "resealed": 0, "already": 1, "unreadable": [], "next_cursor": null });
    assert_eq!(report.json(), expected);
    // Whatever is no cursor begins at the beginning.
    let again = ask(&world, "POST", &format!("{path}?cursor=nonsense"), &Value::Null).await;
    assert_eq!(again.json(), expected);
}
