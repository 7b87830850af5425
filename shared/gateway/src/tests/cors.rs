//! What browsers see from other origins.

use super::world::{Answer, World, bearer, settings, user};
use crate::{Origins, Settings};

async fn preflight(world: &World, origin: &str) -> Answer {
    preflight_of(world, origin, "/pusher/auth").await
}

async fn preflight_of(world: &World, origin: &str, path: &str) -> Answer {
    let headers = [
        &*format!("origin: {origin}"),
        "access-control-request-method: POST",
        "access-control-request-headers: authorization,content-type",
    ];
    world.ask("OPTIONS", path, &headers, "").await
}

fn allowed(answer: &Answer) -> (Option<&str>, Option<&str>) {
    (
        answer.header("access-control-allow-origin"),
        answer.header("access-control-allow-credentials"),
    )
}

#[tokio::test]
async fn configured_origins_may_call_and_others_may_not() {
    let world = World::new().await;
    let answer = preflight(&world, "https://app.example.com").await;
    assert_eq!(answer.status, 204);
    assert_eq!(allowed(&answer), (Some("https://app.example.com"), Some("true")));
    let headers = answer.header("access-control-allow-headers").unwrap();
    for header in ["authorization", "content-type", "x-csrf-token", "x-socket-id"] {
        assert!(headers.contains(header), "{headers}");
    }
    assert_eq!(answer.header("vary"), Some("origin"));

    let answer = preflight(&world, "https://evil.example.com").await;
    assert_eq!(answer.status, 403);
    assert_eq!(allowed(&answer), (None, None));
}

#[tokio::test]
async fn refusals_can_be_read_by_the_page_too() {
    let world = World::new().await;
    let headers = ["origin: https://app.example.com"];
    for (path, status) in [("/pusher/auth", 401), ("/api/posts", 401), ("/nothing", 404)] {
        let answer = world.ask("POST", path, &headers, "").await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(allowed(&answer), (Some("https://app.example.com"), Some("true")), "{path}");
    }
    let answer = world.ask("GET", "/healthz", &["origin: https://evil.example.com"], "").await;
    assert_eq!((answer.status.as_u16(), allowed(&answer)), (200, (None, None)));
}

#[tokio::test]
async fn any_origin_means_any_without_cookies() {
    let any = Settings { allowed_origins: Origins::Any, ..settings() };
    let world = World::with(any).await;
    let answer = preflight(&world, "https://anyone.example.com").await;
    assert_eq!(allowed(&answer), (Some("https://anyone.example.com"), None));
    let cookie =
        bearer(&user("1", &[])).replace("authorization: Bearer ", "cookie: pushbridge_token=");
    let headers = [&*cookie, "origin: https://anyone.example.com"];
    assert_eq!(world.ask("POST", "/pusher/auth", &headers, "").await.status, 403);
}

#[tokio::test]
async fn loopback_means_this_machine_at_any_port() {
    let loopback = Settings { allowed_origins: Origins::Loopback, ..settings() };
    let world = World::with(loopback).await;
    for (origin, status) in [
        ("http://localhost:5173", 204),
        ("http://127.0.0.1:6001", 204),
        ("http://[::1]:6001", 204),
        ("http://localhost.evil.com", 403),
        ("http://evil.com", 403),
        ("null", 403),
    ] {
        assert_eq!(preflight(&world, origin).await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn an_apps_pages_call_what_is_the_apps_or_everybodys() {
    let world = World::new().await;
    for (path, good) in [
        ("/pusher/auth", true),
        ("/api/posts", true),
        ("/apps/1003/channels", true),
        ("/apps/1001/channels", false),
        ("/apps/1/channels", false),
        ("/api/channels/news/events", true),
        ("/api/channels/news/events?app_key=third-key", true),
        ("/api/channels/news/events?app_key=pb-key", false),
        ("/api/channels/news/events?app_key=nobody", false),
    ] {
        let answer = preflight_of(&world, "https://third.example", path).await;
        assert_eq!(answer.status, if good { 204 } else { 403 }, "{path}");
        assert_eq!(allowed(&answer).0.is_some(), good, "{path}");
        let server = preflight_of(&world, "https://app.example.com", path).await;
        assert_eq!(server.status, 204, "{path}");
    }
}
