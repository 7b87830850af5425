//! What pusher-js sees when it asks for a signature.

use auth::{verify_channel, verify_user};
use identity::{JwtRules, User, mint};
use protocol::SocketId;
use serde_json::json;

use super::world::{Answer, JWT_SECRET, World, bearer, pb_key, token, user};
use crate::clock;

const FORM: &str = "content-type: application/x-www-form-urlencoded";
const PATHS: [&str; 2] = ["/pusher/auth", "/api/pusher/auth"];

fn socket() -> SocketId {
    SocketId::from_random(1234, 5678)
}

async fn ask(world: &World, path: &str, user: &User, body: &str) -> Answer {
    world.ask("POST", path, &[FORM, &bearer(user)], body.to_owned()).await
}

async fn channel(world: &World, user: &User, channel: &str) -> Answer {
    let body = format!("socket_id=1234.5678&channel_name={channel}&extra=ignored");
    ask(world, PATHS[0], user, &body).await
}

#[tokio::test]
async fn a_private_channel_gets_a_signature_that_the_server_accepts() {
    let world = World::new().await;
    for path in PATHS {
        let body = "socket_id=1234.5678&channel_name=private-user-1";
        let answer = ask(&world, path, &user("1", &[]), body).await;
        assert_eq!(answer.status, 200);
        let json = answer.json();
        assert_eq!(json.as_object().unwrap().len(), 1, "{json}");
        let auth = json["auth"].as_str().unwrap();
        assert_eq!(verify_channel(&[pb_key()], socket(), "private-user-1", None, auth), Ok(()));
    }
}

#[tokio::test]
async fn a_presence_channel_gets_the_tokens_user_and_nobody_elses() {
    let world = World::new().await;
    let ada = User { info: Some(json!({ "name": "Ada" })), ..user("7", &["w"]) };
    let body = "socket_id=1234.5678&channel_name=presence-workspace-w&user_id=8";
    let answer = ask(&world, PATHS[0], &ada, body).await.json();
    let data = answer["channel_data"].as_str().unwrap();
    assert_eq!(data, r#"{"user_id":"7","user_info":{"name":"Ada"}}"#);
    let auth = answer["auth"].as_str().unwrap();
    let verdict = verify_channel(&[pb_key()], socket(), "presence-workspace-w", Some(data), auth);
    assert_eq!(verdict, Ok(()));

    let large = User { info: Some(json!("x".repeat(1023))), ..user("7", &["w"]) };
    let answer = ask(&world, PATHS[0], &large, body).await;
    assert_eq!(
        answer.shown(),
        "403 The token's user info is too large for a presence channel: at most 1024 bytes"
    );
}

#[tokio::test]
async fn the_policy_decides() {
    let world = World::new().await;
    let (one, member, twelve) = (user("1", &[]), user("2", &["w"]), user("12", &["w2"]));
    for (who, name, status) in [
        (&one, "private-user-1", 200),
        (&one, "private-user-12", 403),
        (&twelve, "private-user-12", 200),
        (&twelve, "private-user-1", 403),
        (&one, "private-post-p1", 200),
        (&member, "private-cache-post-p1", 200),
        (&member, "presence-post-p1", 200),
        (&twelve, "private-post-p1", 403),
        (&one, "private-post-p2", 403),
        (&member, "private-workspace-w", 200),
        (&one, "private-workspace-w", 403),
        (&one, "private-chat-lobby", 200),
        (&one, "private-other", 403),
        (&one, "private-encrypted-user-1", 403),
        (&one, "private-user-", 403),
        (&one, "private-user-../1", 400),
        (&one, "private-user-%C3%BC", 400),
        (&one, "", 400),
    ] {
        let answer = channel(&world, who, name).await;
        assert_eq!(answer.status, status, "{} {name}: {}", who.id, answer.text);
    }
    assert_eq!(
        channel(&world, &one, "private-user-12").await.shown(),
        "403 Not allowed to subscribe to private-user-12"
    );
}

#[tokio::test]
async fn missing_and_malformed_parameters_are_named() {
    let world = World::new().await;
    for (body, expected) in [
        ("", "400 socket_id is missing"),
        ("channel_name=private-user-1", "400 socket_id is missing"),
        ("socket_id=1.2", "400 channel_name is missing"),
        (
            "socket_id=1.2.3&channel_name=private-user-1",
            "400 socket_id is malformed: expected digits.digits",
        ),
        ("socket_id=1.2&channel_name=a%20b", "400 Invalid channel name: 'a b'"),
        (
            "socket_id=1.2&channel_name=private-user-1&app_key=nobody",
            "400 app_key is no key of an app on this server",
        ),
    ] {
        let answer = ask(&world, PATHS[0], &user("1", &[]), body).await;
        assert_eq!(answer.shown(), expected, "{body}");
    }
    let long = ask(&world, PATHS[0], &user("1", &[]), &"x".repeat(1_000_000)).await;
    assert_eq!(long.shown(), "413 The request body is too large: at most 131072 bytes are allowed");
}

#[tokio::test]
async fn json_and_other_apps_work_too() {
    let world = World::new().await;
    let json = "content-type: application/json; charset=utf-8";
    let body =
        json!({ "socket_id": "1.2", "channel_name": "private-user-1", "app_key": "third-key" });
    let headers = [json, &bearer(&user("1", &[]))];
    let answer = world.ask("POST", PATHS[0], &headers, body.to_string()).await;
    assert!(answer.text.starts_with(r#"{"auth":"third-key:"#), "{}", answer.text);
    let answer = world.ask("POST", PATHS[0], &headers, "{").await;
    assert!(answer.shown().starts_with("400 Invalid request body: "), "{}", answer.shown());
}

#[tokio::test]
async fn without_a_good_token_nothing_is_signed() {
    let world = World::new().await;
    let body = "socket_id=1234.5678&channel_name=private-user-1";
    let one = user("1", &[]);
    let rules = JwtRules::default();
    let now = clock::now().seconds();
    let expired = mint(&one, JWT_SECRET, &rules, 60, now - 3600).unwrap();
    let forged = mint(&one, b"another secret", &rules, 60, now).unwrap();
    for (token, expected) in [
        (
            None,
            "401 Not signed in: send 'Authorization: Bearer <JWT>', or the JWT in the cookie 'pushbridge_token'",
        ),
        (Some(expired), "401 The token has expired: get a new one"),
        (
            Some(forged),
            "401 The token's signature is wrong: it was not made with the key of this server",
        ),
        (Some("nonsense".into()), "401 The token is malformed: expected a signed JWT"),
    ] {
        let header = token.map(|token| format!("authorization: Bearer {token}"));
        let headers: Vec<_> = [Some(FORM), header.as_deref()].into_iter().flatten().collect();
        for path in ["/pusher/auth", "/pusher/user-auth"] {
            let answer = world.ask("POST", path, &headers, body).await;
            assert_eq!(answer.shown(), expected);
            assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="pushbridge""#));
        }
    }
}

#[tokio::test]
async fn a_cookie_counts_from_ones_own_pages_only() {
    let world = World::new().await;
    let cookie = format!("cookie: a=b; pushbridge_token={}; c=d", token(&user("1", &[])));
    let from = async |headers: &[&str]| {
        let headers = [&[FORM, &cookie, "host: push.example.com"], headers].concat();
        let body = "socket_id=1234.5678&channel_name=private-user-1";
        world.ask("POST", PATHS[0], &headers, body).await.status.as_u16()
    };
    assert_eq!(from(&["origin: https://app.example.com"]).await, 200);
    assert_eq!(from(&["origin: https://push.example.com"]).await, 200);
    for elsewhere in [
        "origin: https://evil.example.com",
        "origin: https://app.example.com.evil.com",
        "origin: http://app.example.com",
        "origin: https://push.example.com:8443",
        "origin: null",
        "origin: https://",
        "x-no-origin: 1",
    ] {
        assert_eq!(from(&[elsewhere]).await, 403, "{elsewhere}");
    }
    // A Bearer token is sent on purpose, so it counts from anywhere.
    let bearer = bearer(&user("1", &[]));
    assert_eq!(from(&["origin: https://evil.example.com", &bearer]).await, 200);
}

#[tokio::test]
async fn a_user_gets_a_signature_for_signing_in() {
    let world = World::new().await;
    let ada = User { info: Some(json!({ "name": "Ada" })), ..user("7", &[]) };
    for path in ["/pusher/user-auth", "/api/pusher/user-auth"] {
        let answer = ask(&world, path, &ada, "socket_id=1234.5678").await;
        assert_eq!(answer.status, 200);
        let json = answer.json();
        let data = json["user_data"].as_str().unwrap();
        assert_eq!(data, r#"{"id":"7","user_info":{"name":"Ada"}}"#);
        let auth = json["auth"].as_str().unwrap();
        assert_eq!(verify_user(&[pb_key()], socket(), data, auth), Ok(()));
        // A sign-in is no subscription.
        let channel = format!(":user::{data}");
        assert!(verify_channel(&[pb_key()], socket(), &channel[1..], None, auth).is_err());
    }
    let answer = ask(&world, "/pusher/user-auth", &ada, "socket_id=x").await;
    assert_eq!(answer.shown(), "400 socket_id is malformed: expected digits.digits");
}
