//! A Mastodon server.

use serde_json::{Value, json};

use crate::fault::{Errors, publishing};
use crate::wire::{Reply, Request};
use crate::world::{Row, World, iso, now_ms};

/// The account's number.
const ACCOUNT: &str = "77";

fn error(status: u16, words: &str) -> Reply {
    Reply::json(status, json!({ "error": words }))
}

fn errors() -> Errors {
    Errors {
        unauthorized: error(401, "The access token is invalid"),
        invalid: error(422, "Validation failed: Text character limit of 500 exceeded"),
        duplicate: error(422, "Validation failed: Duplicate"),
        // No Retry-After; the end is a time.
        limited: error(429, "Too many requests")
            .header("x-ratelimit-limit", 300)
            .header("x-ratelimit-remaining", 0)
            .header("x-ratelimit-reset", iso(now_ms() + 60_000)),
        broken: error(500, "Internal Server Error"),
    }
}

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    if !world.knows(request) {
        return errors().unauthorized;
    }
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", ["api", "v1", "accounts", "verify_credentials"]) => Reply::json(
            200,
            json!({ "id": ACCOUNT, "acct": "alice", "url": format!("{}/@alice", world.url) }),
        ),
        ("GET", ["api", "v1", "accounts", account, "statuses"]) => {
            let list: Vec<_> =
                world.of(account).into_iter().map(|row| status(row, &world.url)).collect();
            Reply::json(200, json!(list))
        }
        ("POST", ["api", "v2", "media"]) => {
            let id = world.id();
            world.kept.insert(id.clone(), json!(world.looks));
            Reply::json(202, json!({ "id": id, "type": "image", "url": null }))
        }
        ("GET", ["api", "v1", "media", id]) => {
            let left = world.kept.get(*id).and_then(Value::as_u64).unwrap_or(0);
            world.kept.insert((*id).to_owned(), json!(left.saturating_sub(1)));
            Reply::json(if left == 0 { 200 } else { 206 }, json!({ "id": id }))
        }
        ("POST", ["api", "v1", "statuses"]) => {
            let (post, key) = (request.json(), request.header("idempotency-key"));
            publishing(world, errors(), |world| post_status(world, &post, key))
        }
        _ => error(404, "Record not found"),
    }
}

fn post_status(world: &mut World, post: &Value, key: &str) -> Reply {
    let known = |row: &&Row| row.key.as_deref() == Some(key);
    if !world.ledger.iter().any(|row| known(&row)) {
        let pictures = post["media_ids"].as_array().map_or(0, Vec::len);
        let text = post["status"].as_str().unwrap_or_default();
        world.commit(ACCOUNT, Some(key), text, pictures);
    }
    let row = world.ledger.iter().find(known);
    row.map_or_else(|| errors().broken, |row| Reply::json(200, status(row, &world.url)))
}

fn status(row: &Row, url: &str) -> Value {
    let text = row.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let content = format!("<p>{}</p>", text.replace('\n', "<br />"));
    json!({
        "id": row.id, "url": format!("{url}/@alice/{}", row.id), "content": content,
        "created_at": iso(row.at_ms),
    })
}
