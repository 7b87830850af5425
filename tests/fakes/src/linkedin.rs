//! LinkedIn, the versioned Posts API.

use serde_json::{Value, json};

use crate::fault::{Errors, publishing};
use crate::wire::{Reply, Request};
use crate::world::World;

/// The oldest version that is served.
const OLDEST: &str = "202512";

fn error(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({ "status": status, "message": message }))
}

fn errors() -> Errors {
    let duplicate = json!({
        "status": 422, "message": "Content is a duplicate of urn:li:share:1",
        "errorDetails": { "inputErrors": [{ "code": "DUPLICATE_POST" }] },
    });
    Errors {
        unauthorized: Reply::json(
            401,
            json!({
                "status": 401, "serviceErrorCode": 65601, "code": "REVOKED_ACCESS_TOKEN",
                "message": "The token used in the request has been revoked by the user",
            }),
        ),
        invalid: error(422, "ERROR :: /commentary :: length of text is longer than the maximum"),
        duplicate: Reply::json(422, duplicate),
        limited: error(
            429,
            "Resource level throttle DAY limit for calls to this resource is reached.",
        ),
        broken: error(500, "Internal Server Error"),
    }
}

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("POST", ["oauth", "v2", "accessToken"]) => {
            let form = request.form();
            let refresh = form.get("refresh_token").cloned().unwrap_or_default();
            return match world.rotate(&refresh) {
                Some(tokens) => Reply::json(200, tokens),
                None => Reply::json(400, json!({ "error": "invalid_grant" })),
            };
        }
        _ if !world.knows(request) => return errors().unauthorized,
        ("GET", ["v2", "userinfo"]) => {
            return Reply::json(200, json!({ "sub": "AbC", "name": "Alice" }));
        }
        ("PUT", ["upload", _]) => return Reply::empty(201),
        _ => {}
    }
    if request.header("linkedin-version") < OLDEST {
        return Reply::json(
            426,
            json!({
                "status": 426, "code": "NONEXISTENT_VERSION", "message": "Requested version is not active",
            }),
        );
    }
    match (method, path.as_slice()) {
        ("POST", ["rest", "images"]) => {
            let id = world.id();
            let value = json!({ "uploadUrl": format!("{}/upload/{id}", world.url), "image": format!("urn:li:image:{id}") });
            Reply::json(200, json!({ "value": value }))
        }
        ("GET", ["rest", "organizationAcls"]) => {
            let acl = |id: u8| json!({ "organization": format!("urn:li:organization:{id}") });
            Reply::json(200, json!({ "elements": [acl(5), acl(6)] }))
        }
        ("GET", ["rest", "organizations", id]) => {
            Reply::json(200, json!({ "localizedName": format!("Company {id}") }))
        }
        ("GET", ["rest", "posts"]) => {
            let posts: Vec<_> = world.of(&request.query["author"]).into_iter().map(|row| {
                json!({ "id": format!("urn:li:share:{}", row.id), "commentary": row.text, "createdAt": row.at_ms })
            }).collect();
            Reply::json(200, json!({ "elements": posts }))
        }
        ("POST", ["rest", "posts"]) => {
            let post = request.json();
            publishing(world, errors(), |world| share(world, &post))
        }
        _ => error(404, "No virtual resource found"),
    }
}

fn share(world: &mut World, post: &Value) -> Reply {
    let author = post["author"].as_str().unwrap_or_default();
    let text = post["commentary"].as_str().unwrap_or_default();
    if world.repeats(author, text) {
        return errors().duplicate;
    }
    let several = post["content"]["multiImage"]["images"].as_array().map_or(0, Vec::len);
    let pictures = several + usize::from(post["content"]["media"]["id"].is_string());
    let id = world.commit(author, None, text, pictures);
    Reply::empty(201).header("x-restli-id", format!("urn:li:share:{id}"))
}
