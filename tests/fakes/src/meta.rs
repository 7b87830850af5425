//! What the Graph API's three have in common.

use serde_json::{Value, json};

use crate::fault::{Errors, publishing};
use crate::wire::{Reply, Request};
use crate::world::{Container, Row, World, iso};

pub(crate) fn error(status: u16, code: i64, subcode: i64, message: &str) -> Reply {
    let error = json!({
        "message": message, "type": "OAuthException", "code": code, "error_subcode": subcode, "fbtrace_id": "A",
    });
    Reply::json(status, json!({ "error": error }))
}

pub(crate) fn errors() -> Errors {
    let usage = json!({ "1": [{
        "type": "pages", "call_count": 100, "total_time": 10, "total_cputime": 10, "estimated_time_to_regain_access": 1,
    }] });
    Errors {
        unauthorized: error(400, 190, 463, "Error validating access token: Session has expired"),
        invalid: error(400, 100, 0, "Invalid parameter"),
        duplicate: error(400, 506, 1_455_006, "Duplicate status message"),
        limited: error(400, 80_001, 0, "There have been too many calls to this Page account.")
            .header("x-business-use-case-usage", usage),
        broken: error(
            500,
            2,
            0,
            "An unexpected error has occurred. Please retry your request later.",
        ),
    }
}

/// How Instagram and Threads name the same things.
pub(crate) struct Names {
    /// The edge that makes containers and lists posts, and the one that publishes.
    pub(crate) make: &'static str,
    pub(crate) publish: &'static str,
    /// Fields of a post's text and of a container's status.
    pub(crate) text: &'static str,
    pub(crate) status: &'static str,
}

/// A platform of two steps.
pub(crate) fn answer(world: &mut World, request: &Request, names: &Names) -> Reply {
    if !world.knows(request) && request.query.get("access_token") != Some(&world.token) {
        return errors().unauthorized;
    }
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", ["refresh_access_token"]) => {
            let id = world.id();
            world.token = format!("token-{id}");
            Reply::json(
                200,
                json!({ "access_token": world.token, "token_type": "bearer", "expires_in": 5_184_000 }),
            )
        }
        ("POST", [_, account, edge]) if *edge == names.make => make(world, account, request, names),
        ("GET", [_, account, edge]) if *edge == names.make => {
            let posts: Vec<_> =
                world.of(account).into_iter().map(|row| shown(row, names)).collect();
            Reply::json(200, json!({ "data": posts }))
        }
        ("POST", [_, account, edge]) if *edge == names.publish => {
            let (account, asked) = ((*account).to_owned(), request.json());
            let id = asked["creation_id"].as_str().unwrap_or_default().to_owned();
            publishing(world, errors(), |world| publish(world, &account, &id))
        }
        ("GET", [_, _, "content_publishing_limit" | "threads_publishing_limit"]) => {
            let quota = json!({ "quota_usage": world.quota_used, "config": { "quota_total": 50 } });
            Reply::json(200, json!({ "data": [quota] }))
        }
        ("GET", [_, "me"]) => {
            Reply::json(200, json!({ "id": "17841", "user_id": "17841", "username": "alice" }))
        }
        ("GET", [_, id]) => look(world, id, names),
        _ => error(404, 100, 33, "Unsupported request"),
    }
}

/// Pictures that could not be fetched make no container.
pub(crate) fn unfetched(request: &Request) -> Option<Reply> {
    let message = "Only photo or video can be accepted as media type.";
    request
        .fetched
        .as_ref()
        .filter(|it| it.is_empty())
        .map(|_| error(400, 9_004, 2_207_052, message))
}

fn make(world: &mut World, account: &str, request: &Request, names: &Names) -> Reply {
    if let Some(unfetched) = unfetched(request) {
        return unfetched;
    }
    let asked = request.json();
    let text = asked[names.text].as_str().unwrap_or_default().to_owned();
    let children = match &asked["children"] {
        Value::Array(list) => list.len(),
        Value::String(list) => list.split(',').count(),
        _ => usize::from(asked["image_url"].is_string()),
    };
    let id = format!("{account}9{}", world.id());
    let (looks, published, expired) = (world.looks, false, world.short_lived > 0);
    world.short_lived = world.short_lived.saturating_sub(1);
    let container = Container { text, pictures: children, looks, published, expired };
    world.containers.insert(id.clone(), container);
    Reply::json(200, json!({ "id": id }))
}

fn look(world: &mut World, id: &str, names: &Names) -> Reply {
    if let Some(container) = world.containers.get_mut(id) {
        let status = if container.published {
            "PUBLISHED"
        } else if container.expired {
            "EXPIRED"
        } else if container.looks > 0 {
            container.looks -= 1;
            "IN_PROGRESS"
        } else {
            "FINISHED"
        };
        let mut body = json!({ "id": id });
        body[names.status] = status.into();
        return Reply::json(200, body);
    }
    match world.ledger.iter().find(|row| row.id == id) {
        Some(row) => Reply::json(200, shown(row, names)),
        None => error(400, 100, 33, "Object does not exist"),
    }
}

fn publish(world: &mut World, account: &str, id: &str) -> Reply {
    let lost = "The media builder does not exist or has been expired.";
    let Some(container) = world.containers.get_mut(id) else {
        return error(400, 24, 2_207_008, lost);
    };
    container.expired |= std::mem::take(&mut world.expires_at_publish);
    if container.expired {
        return error(400, 24, 2_207_008, lost);
    }
    if container.looks > 0 {
        return error(400, 9_007, 2_207_027, "The media is not ready for publishing");
    }
    if container.published {
        return error(400, 100, 2_207_051, "The container is already published");
    }
    container.published = true;
    let (text, pictures) = (container.text.clone(), container.pictures);
    let id = world.commit(account, Some(id), &text, pictures);
    Reply::json(200, json!({ "id": id }))
}

fn shown(row: &Row, names: &Names) -> Value {
    let at = iso(row.at_ms);
    // As the Graph API writes times: without a fraction, with an offset.
    let at = format!("{}+0000", &at[..19]);
    let mut post = json!({
        "id": row.id, "timestamp": at, "permalink": format!("https://www.example.com/p/{}/", row.id),
    });
    post[names.text] = row.text.clone().into();
    post
}
