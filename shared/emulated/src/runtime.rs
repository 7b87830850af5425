//! The Runtime API, of each environment of each function (AWS Lambda developer guide, "Using the Lambda runtime API").

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use serde_json::json;

use crate::functions::{Functions, Outcome};
use crate::ids;
use crate::serve::{Reply, bytes, json, whole};

/// What paths of the Runtime API begin with here.
pub(crate) const PREFIX: &str = "/_runtime/";

/// Answers a request below [`PREFIX`].
pub(crate) async fn answer(functions: &Functions, request: Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let words: Vec<_> = path.split('/').filter(|it| !it.is_empty()).collect();
    let [function, number, "2018-06-01", "runtime", ref rest @ ..] = words[..] else {
        return not_found();
    };
    let Ok(number) = number.parse() else { return not_found() };
    let environments = functions.environments(function);
    match (&parts.method, rest) {
        (&Method::GET, ["invocation", "next"]) => {
            let taken = environments.next(number).await;
            next(function, &taken.id, taken.deadline_ms, taken.event)
        }
        (&Method::POST, ["invocation", id, end @ ("response" | "error")]) => {
            let body = match whole(body).await {
                Ok(body) => body,
                Err(reply) => return reply,
            };
            let outcome = match *end {
                "response" => Outcome::Answered(body),
                _ => Outcome::Failed(body),
            };
            if environments.answer(number, id, outcome) { accepted() } else { unknown_request() }
        }
        (&Method::POST, ["init", "error"]) => {
            let why = whole(body).await.unwrap_or_default();
            tracing::error!(function, why = %String::from_utf8_lossy(&why), "a function did not start");
            accepted()
        }
        _ => not_found(),
    }
}

fn next(function: &str, id: &str, deadline_ms: u64, event: Bytes) -> Reply {
    let arn = format!("arn:aws:lambda:{}:{}:function:{function}", ids::REGION, ids::ACCOUNT);
    let trace =
        format!("Root=1-{:08x}-{:024x};Sampled=0", ids::now_ms() / 1_000, rand::random::<u64>());
    let mut reply = bytes(StatusCode::OK, "application/json", event);
    let headers = [
        ("lambda-runtime-aws-request-id", id.to_owned()),
        ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", arn),
        ("lambda-runtime-trace-id", trace),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

fn accepted() -> Reply {
    json(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

fn unknown_request() -> Reply {
    let error = json!({ "errorType": "InvalidRequestID", "errorMessage": "Invalid request ID" });
    json(StatusCode::BAD_REQUEST, &error)
}

fn not_found() -> Reply {
    json(StatusCode::NOT_FOUND, &json!({ "errorMessage": "No such path of the Runtime API" }))
}
