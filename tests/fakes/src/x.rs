//! X, API version 2.

use serde_json::{Value, json};

use crate::fault::{Errors, publishing};
use crate::wire::{Reply, Request};
use crate::world::{World, iso, now_ms};

/// The account's number.
const ACCOUNT: &str = "2244994945";

fn problem(status: u16, title: &str, detail: &str) -> Reply {
    Reply::json(
        status,
        json!({ "type": "about:blank", "title": title, "status": status, "detail": detail }),
    )
}

fn errors() -> Errors {
    let reset = now_ms() / 1000 + 60;
    Errors {
        unauthorized: problem(401, "Unauthorized", "Unauthorized"),
        invalid: problem(
            400,
            "Invalid Request",
            "One or more parameters to your request was invalid.",
        ),
        duplicate: problem(
            403,
            "Forbidden",
            "You are not allowed to create a Tweet with duplicate content.",
        ),
        limited: problem(429, "Too Many Requests", "Too Many Requests")
            .header("x-rate-limit-limit", 100)
            .header("x-rate-limit-remaining", 0)
            .header("x-rate-limit-reset", reset),
        broken: problem(503, "Service Unavailable", "Service Unavailable"),
    }
}

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    let (method, path) = request.route();
    if let ("POST", ["2", "oauth2", "token"]) = (method, path.as_slice()) {
        return token(world, request);
    }
    if !world.knows(request) {
        return errors().unauthorized;
    }
    match (method, path.as_slice()) {
        ("GET", ["2", "users", "me"]) => Reply::json(
            200,
            json!({ "data": { "id": ACCOUNT, "username": "alice", "name": "Alice" } }),
        ),
        ("GET", ["2", "users", account, "tweets"]) => {
            let posts: Vec<_> = world
                .of(account)
                .into_iter()
                .map(|row| json!({ "id": row.id, "text": row.text, "created_at": iso(row.at_ms) }))
                .collect();
            Reply::json(200, json!({ "data": posts, "meta": { "result_count": posts.len() } }))
        }
        ("POST", ["2", "media", "upload"]) if request.files() == 1 => {
            Reply::json(200, json!({ "data": { "id": world.id(), "expires_after_secs": 86400 } }))
        }
        ("POST", ["2", "media", "metadata"]) => Reply::json(200, json!({ "data": {} })),
        ("POST", ["2", "tweets"]) => {
            let post = request.json();
            publishing(world, errors(), |world| tweet(world, &post))
        }
        _ => problem(404, "Not Found", "Not Found"),
    }
}

fn token(world: &mut World, request: &Request) -> Reply {
    let form = request.form();
    let tokens = match form.get("grant_type").map(String::as_str) {
        Some("refresh_token") => world.rotate(&form["refresh_token"]),
        _ => None,
    };
    let named =
        request.header("authorization").starts_with("Basic ") || form.contains_key("client_id");
    match tokens.filter(|_| named) {
        Some(tokens) => Reply::json(200, tokens),
        None => Reply::json(
            400,
            json!({ "error": "invalid_grant", "error_description": "Value passed for the token was invalid." }),
        ),
    }
}

fn tweet(world: &mut World, post: &Value) -> Reply {
    let text = post["text"].as_str().unwrap_or_default();
    if world.repeats(ACCOUNT, text) {
        return errors().duplicate;
    }
    let pictures = post["media"]["media_ids"].as_array().map_or(0, Vec::len);
    let id = world.commit(ACCOUNT, None, text, pictures);
    Reply::json(201, json!({ "data": { "id": id, "text": text } }))
}
