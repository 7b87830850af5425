//! A Facebook page.

use serde_json::{Value, json};

use crate::fault::publishing;
use crate::meta::{error, errors, unfetched};
use crate::wire::{Reply, Request};
use crate::world::{World, iso};

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    if !world.knows(request) {
        return errors().unauthorized;
    }
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("POST", [_, _, "photos"]) => {
            unfetched(request).unwrap_or_else(|| Reply::json(200, json!({ "id": world.id() })))
        }
        ("GET", [_, "me", "accounts"]) => {
            let page = |id: &str, name: &str| json!({ "id": id, "name": name, "access_token": world.token });
            let pages = [page("17841", "Our page"), page("17842", "Our other page")];
            Reply::json(200, json!({ "data": pages }))
        }
        ("GET", [_, page])
            if request.query.get("fields").is_some_and(|it| it == "access_token") =>
        {
            Reply::json(200, json!({ "id": page, "access_token": world.token }))
        }
        ("GET", [_, page, "feed"]) => {
            let posts: Vec<_> = world.of(page).into_iter().map(|row| {
                let at = format!("{}+0000", &iso(row.at_ms)[..19]);
                json!({ "id": row.id, "message": row.text, "created_time": at, "permalink_url": link(&row.id) })
            }).collect();
            Reply::json(200, json!({ "data": posts }))
        }
        ("POST", [_, page, "feed"]) => {
            let (page, post) = ((*page).to_owned(), request.json());
            publishing(world, errors(), |world| feed(world, &page, &post))
        }
        _ => error(404, 100, 33, "Unsupported request"),
    }
}

fn feed(world: &mut World, page: &str, post: &Value) -> Reply {
    let text = post["message"].as_str().unwrap_or_default();
    if world.repeats(page, text) {
        return errors().duplicate;
    }
    let pictures = post["attached_media"].as_array().map_or(0, Vec::len);
    let id = world.commit(page, None, text, pictures);
    Reply::json(200, json!({ "id": id, "permalink_url": link(&id) }))
}

fn link(id: &str) -> String {
    format!("https://www.facebook.com/{id}")
}
