//! A receiver of signed webhooks that keeps its contract: one row for each `webhook-id`.

use serde_json::json;

use crate::fault::{Errors, publishing};
use crate::wire::{Reply, Request};
use crate::world::World;

fn errors() -> Errors {
    Errors {
        unauthorized: Reply::empty(401),
        invalid: Reply::empty(422),
        duplicate: Reply::empty(409),
        limited: Reply::empty(429).header("retry-after", 60),
        broken: Reply::empty(500),
    }
}

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    let key = request.header("webhook-id").to_owned();
    if key.is_empty() || !request.header("webhook-signature").starts_with("v1,") {
        return errors().unauthorized;
    }
    let data = &request.json()["data"];
    let text = data["text"].as_str().unwrap_or_default().to_owned();
    let pictures = data["media"].as_array().map_or(0, Vec::len);
    publishing(world, errors(), |world| {
        let known = world
            .ledger
            .iter()
            .find(|row| row.key.as_ref() == Some(&key))
            .map(|row| row.id.clone());
        let id = known.unwrap_or_else(|| world.commit("hook", Some(&key), &text, pictures));
        Reply::json(200, json!({ "id": id }))
    })
}
