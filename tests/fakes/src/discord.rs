//! A Discord webhook.

use serde_json::{Value, json};

use crate::fault::{Errors, publishing};
use crate::wire::{Reply, Request};
use crate::world::World;

/// The webhook's number.
const ID: &str = "1100";
/// The webhook's token; a token of Discord has no colon.
const TOKEN: &str = "good-token";

fn error(status: u16, code: u32, message: &str) -> Reply {
    Reply::json(status, json!({ "code": code, "message": message }))
}

fn errors() -> Errors {
    let limited =
        json!({ "message": "You are being rate limited.", "retry_after": 59.5, "global": false });
    Errors {
        unauthorized: error(401, 50_027, "Invalid Webhook Token"),
        invalid: error(400, 50_035, "Invalid Form Body"),
        duplicate: error(400, 50_035, "Invalid Form Body"),
        limited: Reply::json(429, limited)
            .header("retry-after", 60)
            .header("x-ratelimit-remaining", 0)
            .header("x-ratelimit-reset-after", "59.5")
            .header("x-ratelimit-scope", "user"),
        broken: error(500, 0, "500: Internal Server Error"),
    }
}

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        (_, ["api", "v10", "webhooks", ID, token]) if *token != TOKEN => errors().unauthorized,
        ("GET", ["api", "v10", "webhooks", ..]) => {
            Reply::json(200, json!({ "id": ID, "channel_id": "22", "guild_id": "33" }))
        }
        ("POST", ["api", "v10", "webhooks", ..]) => {
            let body: Value = match request.part("payload_json") {
                Some(json) => serde_json::from_str(&json).unwrap_or_default(),
                None => request.json(),
            };
            let waits = request.query.get("wait").is_some_and(|it| it == "true");
            let (text, pictures) =
                (body["content"].as_str().unwrap_or_default().to_owned(), request.files());
            publishing(world, errors(), |world| {
                let id = world.commit(ID, None, &text, pictures);
                if waits {
                    Reply::json(200, json!({ "id": id, "channel_id": "22" }))
                } else {
                    Reply::empty(204)
                }
            })
        }
        _ => error(404, 10_015, "Unknown Webhook"),
    }
}
