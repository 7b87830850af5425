//! Routes for whoever tests, on the loopback port below `/_emulated/`, unsigned. Bodies are JSON.
//!
//! | route | what |
//! |---|---|
//! | `GET settings`, `PUT settings` | the [`Settings`]; absent ones are the defaults |
//! | `PUT faults` | a list of [`Rule`]s, in place of those before |
//! | `POST settled` | answers when nothing is under way: no message, no event, no function |
//! | `POST tick` | one event of the schedule, now |
//! | `POST invoke/FUNCTION` | invokes with the body; 200 with the answer, or 500 with the error |
//! | `POST queue` | the body, whatever it is, becomes a message of the queue |
//! | `GET queue` | how many messages there are, and the dead letters |
//! | `GET calls` | the calls recorded so far |
//! | `GET events` | the last thousand events on all buses |
//! | `GET connections` | the ids of the open connections |
//! | `POST cut/CONNECTION` | cuts a connection as a network does |
//! | `GET variables` | what functions find in their environment, for one that is started by hand |

use std::sync::Arc;

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::World;
use crate::functions::{FUNCTIONS, Outcome};
use crate::serve::{Reply, bytes, empty, json, whole};
use crate::{Rule, Settings, schedule, sqs};

/// What the paths of these routes begin with.
pub(crate) const PREFIX: &str = "/_emulated/";

/// Answers a request below [`PREFIX`].
pub(crate) async fn answer(world: &Arc<World>, request: Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    let body = match whole(body).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    match (&parts.method, path.split_once('/').unwrap_or((path, ""))) {
        (&Method::PUT, ("settings", "")) => {
            read(&body, |settings: Settings| world.settings.set(settings))
        }
        (&Method::PUT, ("faults", "")) => read(&body, |rules: Vec<Rule>| world.faults.set(rules)),
        (&Method::POST, ("settled", "")) => {
            world.activity.settled().await;
            empty(StatusCode::NO_CONTENT)
        }
        (&Method::POST, ("tick", "")) => {
            schedule::tick(world);
            empty(StatusCode::NO_CONTENT)
        }
        (&Method::POST, ("queue", "")) => {
            let message = json!({ "MessageBody": String::from_utf8_lossy(&body) });
            sqs::send(world, "SendMessage", &message)
        }
        (&Method::POST, ("invoke", function)) if FUNCTIONS.contains(&function) => {
            match world.functions.invoke(function, body).await {
                Outcome::Answered(answer) => bytes(StatusCode::OK, "application/json", answer),
                Outcome::Failed(error) => {
                    bytes(StatusCode::INTERNAL_SERVER_ERROR, "application/json", error)
                }
            }
        }
        (&Method::POST, ("cut", id)) if world.sockets.cut(id) => empty(StatusCode::NO_CONTENT),
        (&Method::GET, (what, "")) => show(world, what),
        _ => not_found(),
    }
}

fn show(world: &World, what: &str) -> Reply {
    let body = match what {
        "settings" => json!(world.settings.get()),
        "queue" => json!({ "messages": world.queue.len(), "dead": world.queue.dead() }),
        "calls" => json!(world.calls.all()),
        "events" => Value::Array(world.buses.last()),
        "connections" => json!(world.sockets.ids()),
        "variables" => json!(world.variables),
        _ => return not_found(),
    };
    json(StatusCode::OK, &body)
}

fn read<T: DeserializeOwned>(body: &[u8], set: impl FnOnce(T)) -> Reply {
    match serde_json::from_slice(body) {
        Ok(value) => {
            set(value);
            empty(StatusCode::NO_CONTENT)
        }
        Err(error) => json(StatusCode::BAD_REQUEST, &json!({ "message": error.to_string() })),
    }
}

fn not_found() -> Reply {
    json(StatusCode::NOT_FOUND, &json!({ "message": "There is no such route" }))
}
