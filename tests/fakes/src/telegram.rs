//! Telegram's Bot API.

use serde_json::{Value, json};

use crate::fault::{Errors, publishing};
use crate::wire::{Reply, Request};
use crate::world::World;

fn error(status: u16, description: &str) -> Reply {
    Reply::json(status, json!({ "ok": false, "error_code": status, "description": description }))
}

fn errors() -> Errors {
    let limited = json!({
        "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 60",
        "parameters": { "retry_after": 60 },
    });
    Errors {
        unauthorized: error(401, "Unauthorized"),
        invalid: error(400, "Bad Request: message is too long"),
        duplicate: error(400, "Bad Request"),
        limited: Reply::json(429, limited),
        broken: error(500, "Internal Server Error"),
    }
}

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    let (method, path) = request.route();
    let ("POST", [bot, call]) = (method, path.as_slice()) else { return error(404, "Not Found") };
    if bot.strip_prefix("bot") != Some(world.token.as_str()) {
        return errors().unauthorized;
    }
    let field = |name: &str| request.part(name).unwrap_or_default();
    let (chat, text, pictures) = match *call {
        "sendMessage" => {
            let body = request.json();
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            (text("chat_id"), text("text"), 0)
        }
        "sendPhoto" => (field("chat_id"), field("caption"), request.files()),
        "sendMediaGroup" => {
            let group: Value = serde_json::from_str(&field("media")).unwrap_or_default();
            let caption = group[0]["caption"].as_str().unwrap_or_default().to_owned();
            (field("chat_id"), caption, request.files())
        }
        _ => return error(404, "Not Found"),
    };
    publishing(world, errors(), |world| {
        let id: i64 = world.commit(&chat, None, &text, pictures).parse().unwrap_or_default();
        let message = json!({ "message_id": id, "date": 1, "chat": { "id": -1_001_234, "username": "channel" } });
        let result = if pictures > 1 { json!([message]) } else { message };
        Reply::json(200, json!({ "ok": true, "result": result }))
    })
}
