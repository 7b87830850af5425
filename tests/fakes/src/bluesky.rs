//! A server of the AT protocol, as measured against PDS 0.4.217.

use serde_json::{Value, json};

use crate::fault::{Errors, publishing};
use crate::wire::{Reply, Request};
use crate::world::{World, now_ms};

/// The account that signs in, and its app password.
const DID: &str = "did:plc:fake";
const PASSWORD: &str = "app-password";

fn error(status: u16, error: &str, message: &str) -> Reply {
    Reply::json(status, json!({ "error": error, "message": message }))
}

fn errors() -> Errors {
    let reset = now_ms() / 1000 + 60;
    Errors {
        unauthorized: error(400, "ExpiredToken", "Token has expired"),
        invalid: error(
            400,
            "InvalidRequest",
            "Invalid app.bsky.feed.post record: Record/text must not be longer than 300 graphemes",
        ),
        duplicate: error(400, "InvalidSwap", "Record was at bafyfake"),
        limited: error(429, "RateLimitExceeded", "Rate Limit Exceeded")
            .header("ratelimit-limit", 5000)
            .header("ratelimit-remaining", 0)
            .header("ratelimit-reset", reset)
            .header("retry-after", 60),
        broken: error(500, "InternalServerError", "Internal Server Error"),
    }
}

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    let (method, path) = request.route();
    let call = path.last().copied().unwrap_or_default();
    match (method, call) {
        ("POST", "com.atproto.server.createSession") => {
            let asked = request.json();
            if asked["password"] != PASSWORD {
                return error(401, "AuthenticationRequired", "Invalid identifier or password");
            }
            session(world)
        }
        ("POST", "com.atproto.server.refreshSession") => match world.rotate(request.bearer()) {
            Some(_) => session(world),
            None => error(400, "ExpiredToken", "Token has been revoked"),
        },
        ("GET", "com.atproto.identity.resolveHandle") => match request.query["handle"].as_str() {
            "alice.test" => Reply::json(200, json!({ "did": DID })),
            _ => error(400, "InvalidRequest", "Unable to resolve handle"),
        },
        ("GET", "com.atproto.repo.getRecord") => match world.kept.get(&request.query["rkey"]) {
            Some(_) => {
                Reply::json(200, json!({ "uri": uri(&request.query["rkey"]), "cid": "bafyfake" }))
            }
            None => error(400, "RecordNotFound", "Could not locate record"),
        },
        _ if !world.knows(request) => errors().unauthorized,
        ("POST", "com.atproto.repo.uploadBlob") => {
            let (id, size) = (world.id(), request.body().len());
            let mime = request.header("content-type");
            let blob =
                json!({ "$type": "blob", "ref": { "$link": id }, "mimeType": mime, "size": size });
            Reply::json(200, json!({ "blob": blob }))
        }
        ("POST", "com.atproto.repo.putRecord") => {
            let put = request.json();
            publishing(world, errors(), |world| put_record(world, &put))
        }
        _ => error(404, "XRPCNotSupported", "not found"),
    }
}

fn session(world: &World) -> Reply {
    let tokens = json!({
        "did": DID, "handle": "alice.test", "active": true,
        "accessJwt": world.token, "refreshJwt": world.refresh,
    });
    Reply::json(200, tokens)
}

fn uri(rkey: &str) -> String {
    format!("at://{DID}/app.bsky.feed.post/{rkey}")
}

fn put_record(world: &mut World, put: &Value) -> Reply {
    let (rkey, record) = (put["rkey"].as_str().unwrap_or_default(), &put["record"]);
    let digit = |c: u8| b"234567abcdefghijklmnopqrstuvwxyz".contains(&c);
    if rkey.len() != 13 || !rkey.bytes().all(digit) {
        return error(400, "InvalidRequest", "Invalid TID");
    }
    let same = json!({ "uri": uri(rkey), "cid": "bafyfake", "validationStatus": "valid" });
    match world.kept.get(rkey) {
        Some(before) if before == record => return Reply::json(200, same),
        Some(_) if put.get("swapRecord") == Some(&Value::Null) => return errors().duplicate,
        _ => {}
    }
    let pictures = record["embed"]["images"].as_array().map_or(0, Vec::len);
    let text = record["text"].as_str().unwrap_or_default();
    world.commit(put["repo"].as_str().unwrap_or_default(), Some(rkey), text, pictures);
    world.kept.insert(rkey.to_owned(), record.clone());
    let mut made = same;
    made["commit"] = json!({ "cid": "bafyfake", "rev": rkey });
    Reply::json(200, made)
}
