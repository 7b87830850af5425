//! A Slack incoming webhook: plain text, no ids.

use crate::fault::{Errors, publishing};
use crate::wire::{Reply, Request};
use crate::world::World;

fn errors() -> Errors {
    Errors {
        unauthorized: Reply::text(404, "no_service"),
        invalid: Reply::text(400, "invalid_payload"),
        duplicate: Reply::text(400, "invalid_payload"),
        limited: Reply::text(429, "rate_limited").header("retry-after", 60),
        broken: Reply::text(500, "rollup_error"),
    }
}

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    let (method, path) = request.route();
    let ("POST", ["services", "T1", "B1", "goodtoken"]) = (method, path.as_slice()) else {
        return errors().unauthorized;
    };
    let body = request.json();
    let text = body["text"].as_str().unwrap_or_default().to_owned();
    let blocks = body["blocks"].as_array().cloned().unwrap_or_default();
    let pictures = blocks.iter().filter(|block| block["type"] == "image").count();
    publishing(world, errors(), |world| {
        world.commit("B1", None, &text, pictures);
        Reply::text(200, "ok")
    })
}
