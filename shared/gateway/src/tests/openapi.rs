//! The document against the router: neither says more than the other.

use std::collections::BTreeSet;

use expect_test::expect_file;
use serde_json::Value;

use super::document;
use super::world::{World, paths};

async fn document() -> (World, Value) {
    let world = World::new().await;
    let answer = world.ask("GET", "/api/openapi.json", &[], "").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document = answer.json();
    (world, document)
}

/// Wrong when routes, or what they take and answer, changed: `UPDATE_EXPECT=1 cargo test -p gateway` writes it anew.
#[tokio::test]
async fn the_document_is_what_the_routes_say() {
    expect_file!["../../openapi.json"].assert_eq(&document::of(paths().await));
}

fn operations(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    operations.collect()
}

/// Routes and descriptions are added together; this says which there are.
/// Every route.
const ROUTES: [&str; 61] = [
    "DELETE /api/accounts/{id}",
    "DELETE /api/admin/apps/{id}/keys/{key}",
    "GET /api/admin/apps",
    "GET /api/admin/apps/{id}",
    "GET /api/admin/webhooks",
    "GET /api/admin/webhooks/{id}",
    "POST /api/admin/accounts/reseal",
    "POST /api/admin/apps",
    "POST /api/admin/apps/{id}/disable",
    "POST /api/admin/apps/{id}/enable",
    "POST /api/admin/apps/{id}/keys",
    "POST /api/admin/webhooks/{id}/replay",
    "DELETE /api/posts/{id}",
    "GET /api/accounts",
    "GET /api/accounts/{id}",
    "GET /api/accounts/connect/{platform}",
    "GET /api/accounts/connect/{platform}/callback",
    "GET /api/channels/{channel}/events",
    "GET /api/cron/publish-posts",
    "GET /api/openapi.json",
    "GET /api/posts",
    "GET /api/posts/{id}",
    "GET /healthz",
    "GET /media/{week}/{file}",
    "PATCH /api/admin/apps/{id}",
    "PATCH /api/posts/{id}",
    "POST /api/accounts",
    "POST /api/cron/publish-posts",
    "POST /api/posts",
    "POST /api/posts/{id}/cancel",
    "POST /api/posts/{id}/publish-now",
    "POST /api/posts/{id}/retry",
    "POST /api/posts/{id}/approve",
    "POST /api/posts/{id}/reject",
    "POST /api/posts/bulk",
    "GET /api/jobs/{id}",
    "GET /api/series",
    "GET /api/workspace",
    "PUT /api/workspace",
    "POST /api/series",
    "GET /api/series/{id}",
    "POST /api/series/{id}/stop",
    "GET /api/notifications",
    "POST /api/notifications/read",
    "POST /api/deliveries/{id}/confirm",
    "POST /api/deliveries/{id}/send-again",
    "POST /api/accounts/{id}/reconnect",
    "POST /api/pusher/auth",
    "POST /api/pusher/user-auth",
    "GET /apps/{app_id}/channels",
    "GET /apps/{app_id}/channels/{channel}",
    "GET /apps/{app_id}/channels/{channel}/events",
    "GET /apps/{app_id}/channels/{channel}/stats",
    "GET /apps/{app_id}/channels/{channel}/users",
    "POST /apps/{app_id}/batch_events",
    "POST /apps/{app_id}/channels/{channel}/events",
    "POST /apps/{app_id}/events",
    "POST /apps/{app_id}/users/{user_id}/terminate_connections",
    "POST /pusher/auth",
    "POST /pusher/user-auth",
    "POST /users/{user_id}/terminate_connections",
];

#[tokio::test]
async fn every_route_is_described() {
    let (_, document) = document().await;
    let expected: BTreeSet<_> = ROUTES.into_iter().map(str::to_owned).collect();
    assert_eq!(operations(&document), expected);
}

#[tokio::test]
async fn every_description_has_a_route_and_no_other_method_does() {
    let (world, document) = document().await;
    let described = operations(&document);
    for path in document["paths"].as_object().unwrap().keys() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = world.ask(method, &path.replace("{id}", "x"), &[], "").await;
            let routed = answer.status != 405 && !answer.text.contains("Nothing is served");
            assert_eq!(described.contains(&format!("{method} {path}")), routed, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn operation_ids_are_unique_and_references_lead_somewhere() {
    let (_, document) = document().await;
    let mut ids = BTreeSet::new();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        if let Some(id) = value.get("operationId") {
            assert!(ids.insert(id.as_str().unwrap()), "{id} twice");
        }
        if let Some(Value::String(target)) = value.get("$ref") {
            let pointer = target.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
        }
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.values()),
            _ => {}
        }
    }
    assert_eq!(ids.len(), operations(&document).len());
}

#[tokio::test]
async fn every_way_to_sign_in_is_described() {
    let (_, document) = document().await;
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    let used = document["paths"].as_object().unwrap().values();
    let used = used.flat_map(|item| item.as_object().unwrap().values());
    let used = used.filter_map(|operation| operation["security"].as_array()).flatten();
    let used: BTreeSet<_> = used.flat_map(|it| it.as_object().unwrap().keys()).collect();
    assert_eq!(used, schemes.keys().collect());
}

/// Every request of these tests is held against the document; this one has what they might leave out.
#[tokio::test]
async fn what_all_routes_of_a_kind_answer_is_described() {
    let (_, document) = document().await;
    let text = &document["paths"]["/apps/{app_id}/events"]["post"]["responses"];
    assert_eq!(text["413"]["content"]["text/plain"]["schema"]["type"], "string");
    let json = &document["paths"]["/api/posts"]["post"]["responses"];
    let error = "#/components/schemas/ErrorBody";
    for status in ["400", "401", "403", "408", "413", "415", "422", "429", "503"] {
        assert_eq!(
            json[status]["content"]["application/json"]["schema"]["$ref"], error,
            "{status}"
        );
    }
    let users = |path: &str| path.starts_with("/api/") && !path.starts_with("/api/pusher/");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let responses = &operation["responses"];
            assert_eq!(responses.get("429").is_some(), users(path), "{method} {path}");
        }
    }
}
