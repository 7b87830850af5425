//! A Mastodon server.

use serde_json::{Value, json};

use crate::fault::{Errors, publishing};
use crate::wire::{Reply, Request};
use crate::world::{Row, World, iso, now_ms};

/// The account's number.
const ACCOUNT: &str = "77";
/// A text's limit where nothing else is said.
const USUAL_CHARACTERS: usize = 500;
/// More than a client should read.
const HUGE_BYTES: usize = 8 * 1024 * 1024;

/// What a server does when it is asked what it takes.
#[derive(Debug, Clone)]
pub enum Instance {
    /// It says so: the `configuration` of its answer.
    Says(Value),
    /// It is of a version that has no such answer.
    Without,
    /// It fails.
    Broken,
    /// It takes the question and never answers.
    Silent,
    /// It does not stop talking.
    Huge,
}

impl Default for Instance {
    /// The limits of Mastodon as it comes.
    fn default() -> Self {
        Self::Says(json!({
            "statuses": {
                "max_characters": USUAL_CHARACTERS, "max_media_attachments": 4, "characters_reserved_per_url": 23,
            },
            "media_attachments": {
                "supported_mime_types": ["image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4"],
                "description_limit": 1500, "image_size_limit": 16_777_216, "image_matrix_limit": 33_177_600,
                "video_size_limit": 103_809_024, "video_frame_rate_limit": 120, "video_matrix_limit": 8_294_400,
            },
            "polls": { "max_options": 4, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2_629_746 },
        }))
    }
}

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
    if request.route() == ("GET", vec!["api", "v2", "instance"]) {
        return instance(world);
    }
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

/// What the server says of itself, to whoever asks (Mastodon API, "V2::Instance").
fn instance(world: &World) -> Reply {
    let configuration = match &world.instance {
        Instance::Says(configuration) => configuration,
        Instance::Without => return error(404, "Record not found"),
        Instance::Broken => return errors().broken,
        Instance::Silent => return Reply::empty(200).held(),
        Instance::Huge => {
            return Reply::text(200, format!("{{\"title\":\"{}\"}}", "x".repeat(HUGE_BYTES)));
        }
    };
    Reply::json(
        200,
        json!({
            "domain": "127.0.0.1", "title": "Fake", "version": "4.3.0", "source_url": "https://github.com/mastodon/mastodon",
            "description": "", "usage": { "users": { "active_month": 1 } }, "languages": ["en"],
            "configuration": configuration, "registrations": { "enabled": false }, "rules": [],
        }),
    )
}

/// The text's limit, which a server holds itself.
fn characters(world: &World) -> usize {
    let Instance::Says(configuration) = &world.instance else { return USUAL_CHARACTERS };
    let most = configuration["statuses"]["max_characters"].as_u64();
    most.and_then(|most| usize::try_from(most).ok()).unwrap_or(USUAL_CHARACTERS)
}

fn post_status(world: &mut World, post: &Value, key: &str) -> Reply {
    let (text, most) = (post["status"].as_str().unwrap_or_default(), characters(world));
    if text.chars().count() > most {
        let words = format!("Validation failed: Text character limit of {most} exceeded");
        return error(422, &words);
    }
    let known = |row: &&Row| row.key.as_deref() == Some(key);
    if !world.ledger.iter().any(|row| known(&row)) {
        let pictures = post["media_ids"].as_array().map_or(0, Vec::len);
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
