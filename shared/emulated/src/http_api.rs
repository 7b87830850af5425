//! The HTTP API: a request becomes an event of payload format 2.0, and the function's answer a response.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::api::World;
use crate::functions::Outcome;
use crate::gateway::forwarded;
use crate::serve::{Reply, empty, json, whole};
use crate::{events, ids};

/// The largest request, in bytes: what an event of Lambda may hold (6 MB), rather than the HTTP API's own 10 MB.
const REQUEST_BYTES: usize = 6 << 20;
/// Routes of the function `auth`; all others are those of `api`.
const AUTH: [&str; 2] = ["/pusher/auth", "/pusher/user-auth"];
/// What tells who asks that this is no AWS, and where the loopback port is.
pub(crate) const EMULATED: &str = "x-emulated";

/// Answers a request.
pub(crate) async fn answer(
    world: &Arc<World>,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Reply {
    let id = ids::short();
    let mut reply = match event(request, peer, &id).await {
        Ok((function, event)) => invoke(world, function, event).await,
        Err(reply) => reply,
    };
    let control = world.variables.get("AWS_ENDPOINT_URL");
    let control = control.and_then(|it| HeaderValue::try_from(it).ok());
    let headers = reply.headers_mut();
    headers.extend(control.map(|it| (HeaderName::from_static(EMULATED), it)));
    headers.extend(
        HeaderValue::try_from(id).ok().map(|it| (HeaderName::from_static("apigw-requestid"), it)),
    );
    reply
}

async fn event(
    request: Request<Incoming>,
    peer: SocketAddr,
    id: &str,
) -> Result<(&'static str, Bytes), Reply> {
    let (mut parts, body) = request.into_parts();
    let body = whole(body).await?;
    if body.len() > REQUEST_BYTES {
        let why = json!({ "message": "Request Entity Too Large" });
        return Err(json(StatusCode::PAYLOAD_TOO_LARGE, &why));
    }
    parts.headers = forwarded(&parts.headers, peer);
    let function = if AUTH.contains(&parts.uri.path()) { "auth" } else { "api" };
    let event = events::http(&parts, &body, &peer.ip().to_string(), id);
    Ok((function, event.to_string().into()))
}

async fn invoke(world: &World, function: &str, event: Bytes) -> Reply {
    let limit = world.settings.time(|it| it.http_integration_ms);
    let failed = || json!({ "message": "Internal Server Error" });
    match tokio::time::timeout(limit, world.functions.invoke(function, event)).await {
        Ok(Outcome::Answered(answer)) => {
            response(&answer).unwrap_or_else(|| json(StatusCode::INTERNAL_SERVER_ERROR, &failed()))
        }
        Ok(Outcome::Failed(_)) => json(StatusCode::INTERNAL_SERVER_ERROR, &failed()),
        Err(_) => {
            json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "message": "Service Unavailable" }))
        }
    }
}

/// What a function's answer means; `None` if it is none. One without a status is a body in itself.
fn response(answer: &[u8]) -> Option<Reply> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    if answer.get("statusCode").is_none() {
        return Some(json(StatusCode::OK, &answer));
    }
    let status = u16::try_from(answer["statusCode"].as_u64()?).ok()?;
    let mut reply = empty(StatusCode::from_u16(status).ok()?);
    let text = answer["body"].as_str().unwrap_or_default();
    let body = match answer["isBase64Encoded"].as_bool() {
        Some(true) => STANDARD.decode(text).ok()?,
        _ => text.as_bytes().to_vec(),
    };
    *reply.body_mut() = Full::new(body.into());
    let headers = reply.headers_mut();
    put_headers(headers, &answer["headers"]);
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        headers.append(SET_COOKIE, HeaderValue::try_from(cookie.as_str()?).ok()?);
    }
    headers.remove(CONTENT_LENGTH);
    Some(reply)
}

fn put_headers(headers: &mut HeaderMap, all: &Value) {
    for (name, value) in all.as_object().into_iter().flatten() {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_responses() {
        let full = br#"{"statusCode":201,"headers":{"x-a":"b","x-n":7},"cookies":["a=1","b=2"],"body":"aGk=","isBase64Encoded":true}"#;
        let reply = response(full).unwrap();
        assert_eq!(reply.status(), 201);
        assert_eq!(reply.headers()["x-n"], "7");
        assert_eq!(reply.headers().get_all("set-cookie").iter().count(), 2);
        assert_eq!(response(br#"{"a":1}"#).unwrap().status(), 200);
        assert!(response(b"nonsense").is_none());
        assert!(response(br#"{"statusCode":"x"}"#).is_none());
    }
}
