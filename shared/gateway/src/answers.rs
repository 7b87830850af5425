//! What all routes of one kind may answer, described once: who calls, how often, and what was wrong with the body are
//! looked at before a handler runs.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Content, ObjectBuilder, Paths, Ref, RefOr, Response, Schema, Type};

/// A refusal that routes share.
pub(crate) struct Common {
    status: &'static str,
    description: &'static str,
    shape: Shape,
    /// Only of routes that read a body.
    with_body: bool,
}

/// How a refusal is written.
#[derive(Clone, Copy)]
enum Shape {
    /// One sentence, as Pusher's SDKs show it.
    Text,
    /// The JSON API's error.
    Json,
}

const fn text(status: &'static str, description: &'static str) -> Common {
    Common { status, description, shape: Shape::Text, with_body: false }
}

const fn json(status: &'static str, description: &'static str) -> Common {
    Common { status, description, shape: Shape::Json, with_body: false }
}

const fn with_body(common: Common) -> Common {
    Common { with_body: true, ..common }
}

const UNAVAILABLE: &str = "The server cannot do this right now: send it again";
const TOO_LARGE: &str = "The body is too large";
const TOO_SLOW: &str = "The body took too long to arrive";
const TOO_OFTEN: &str = "The caller asks, or its address fails to sign in, too often; `Retry-After` says when to come back";

/// Requests that a server signs.
pub(crate) const SIGNED: [Common; 7] = [
    text("400", "Something is wrong; a sentence says what"),
    text("401", "The signature is wrong; a sentence says what to sign"),
    text("403", "The app is disabled or over quota, or the address fails to sign too often"),
    text("404", "No such app"),
    text("408", TOO_SLOW),
    text("413", "The body, or the data of an event, is too large"),
    text("503", UNAVAILABLE),
];

/// Publishing, besides what all signed requests answer.
pub(crate) const PUBLISHING: [Common; 2] = [
    text("409", "A request with this Idempotency-Key is under way"),
    text("500", "The server failed half-way: send it again"),
];

/// What pusher-js asks for a user.
pub(crate) const SIGNING: [Common; 6] = [
    text("400", "A parameter is missing or malformed"),
    text("401", "No token, or not a good one"),
    text("403", "Not for this user or from this page, or the address fails to sign in too often"),
    text("408", TOO_SLOW),
    text("413", TOO_LARGE),
    text("503", "The keys of tokens are out of reach: send it again"),
];

/// Requests of users.
pub(crate) const USERS: [Common; 8] = [
    json("401", "Not signed in"),
    json("403", "Not from this page, or not as this user"),
    json("429", TOO_OFTEN),
    json("503", UNAVAILABLE),
    with_body(json("400", "The body is not JSON")),
    with_body(json("408", TOO_SLOW)),
    with_body(json("413", TOO_LARGE)),
    with_body(json("415", "The body says that it is something else than JSON")),
];

/// Requests of operators and schedulers, who have a secret.
pub(crate) const OPERATORS: [Common; 8] = [
    json("401", "Not the secret"),
    json("429", TOO_OFTEN),
    json("503", "The secret is not configured, or the server cannot do this right now"),
    with_body(json("400", "The body is not JSON")),
    with_body(json("408", TOO_SLOW)),
    with_body(json("413", TOO_LARGE)),
    with_body(json("415", "The body says that it is something else than JSON")),
    with_body(json("422", "Something is wrong with the fields named")),
];

/// The description, which anybody may ask for. Who shows credentials all the same is counted with them.
pub(crate) const DESCRIPTION: [Common; 1] = [json("429", TOO_OFTEN)];

const SHOWS: &str = "The request shows credentials, and its address fails to sign in too often";

/// The same of the health check.
pub(crate) const HEALTH: [Common; 1] = [text("403", SHOWS)];

/// The same of pictures.
pub(crate) const MEDIA: [Common; 2] = [text("403", SHOWS), text("503", UNAVAILABLE)];

/// Adds answers to all operations that do not describe them in words of their own.
pub(crate) fn add(paths: &mut Paths, answers: &[Common]) {
    for operation in paths.paths.values_mut().flat_map(operations) {
        let reads_body = operation.request_body.is_some();
        for common in answers.iter().filter(|it| reads_body || !it.with_body) {
            let described = &mut operation.responses.responses;
            described.entry(common.status.to_owned()).or_insert_with(|| response(common));
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete]
        .into_iter()
        .flatten()
}

fn response(common: &Common) -> RefOr<Response> {
    let (kind, schema): (_, RefOr<Schema>) = match common.shape {
        Shape::Text => ("text/plain", ObjectBuilder::new().schema_type(Type::String).into()),
        Shape::Json => ("application/json", Ref::from_schema_name("ErrorBody").into()),
    };
    let mut response = Response::new(common.description);
    response.content.insert(kind.to_owned(), Content::new(Some(schema)).into());
    response.into()
}
