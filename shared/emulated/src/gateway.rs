//! The public port: one host name, as CloudFront makes one of the two APIs.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tungstenite::handshake::derive_accept_key;

use crate::api::World;
use crate::events::{Connection, Multi, parameters};
use crate::functions::Outcome;
use crate::serve::{Cut, Reply, empty, json};
use crate::sockets::{self, Socket};
use crate::{http_api, ids};

/// The longest key that the path function moves into the query.
const KEY_LETTERS: usize = 64;

/// Where a request goes.
enum Way {
    /// To the WebSocket API, with these parameters.
    WebSocket(Multi),
    /// To the HTTP API.
    Http,
    /// Nowhere: a refusal.
    Refused(StatusCode, &'static str),
}

/// Answers a request to the public port.
pub(crate) async fn answer(
    world: Arc<World>,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<Reply, Cut> {
    let stage = world.settings.of(|it| it.stage.clone());
    let way = way(request.uri().path(), request.uri().query().unwrap_or_default(), &stage);
    match way {
        Way::Http => Ok(http_api::answer(&world, request, peer).await),
        Way::Refused(status, why) => Ok(json(status, &json!({ "message": why }))),
        Way::WebSocket(_) if !is_websocket(request.headers()) => {
            Ok(json(StatusCode::FORBIDDEN, &json!({ "message": "Forbidden" })))
        }
        Way::WebSocket(query) => Ok(open(world, request, peer, stage, query).await),
    }
}

/// `/app/KEY` becomes the stage with the key as a parameter; what follows the stage in a path is refused.
fn way(path: &str, query: &str, stage: &str) -> Way {
    let mut parameters = parameters(query);
    if let Some(key) = path.strip_prefix("/app/") {
        let key = key.strip_suffix('/').unwrap_or(key);
        let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if key.is_empty() || key.len() > KEY_LETTERS || !key.bytes().all(letter) {
            return Way::Refused(StatusCode::NOT_FOUND, "Not Found");
        }
        parameters.insert("app_key".to_owned(), vec![key.to_owned()]);
        return Way::WebSocket(parameters);
    }
    match path.strip_prefix('/').and_then(|it| it.strip_prefix(stage)) {
        Some("" | "/") => Way::WebSocket(parameters),
        Some(rest) if rest.starts_with('/') => {
            Way::Refused(StatusCode::FORBIDDEN, "Missing Authentication Token")
        }
        _ => Way::Http,
    }
}

fn is_websocket(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(UPGRADE);
    upgrade.is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && headers.contains_key(SEC_WEBSOCKET_KEY)
        && headers.get("sec-websocket-version").is_some_and(|it| it == "13")
}

/// Opens a connection. The upgrade waits for the function's answer; until it is sent the connection is not there.
async fn open(
    world: Arc<World>,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    stage: String,
    query: Multi,
) -> Reply {
    let agent = request.headers().get("user-agent").and_then(|it| it.to_str().ok());
    let connection = Connection {
        id: ids::connection(),
        connected_at_ms: ids::now_ms(),
        source_ip: peer.ip().to_string(),
        user_agent: agent.map(str::to_owned),
        stage,
    };
    let event = connection.connect(&forwarded(request.headers(), peer), &query);
    let answer = match connect(&world, event).await {
        Ok(answer) => answer,
        Err(status) => return json(status, &json!({ "message": reason(status) })),
    };
    let Some(reply) = switching(request.headers(), &answer) else {
        return empty(StatusCode::BAD_REQUEST);
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let (socket, orders) = Socket::new(connection);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            world.sockets.open(&socket);
            sockets::run(world, socket, upgraded, orders).await;
        }
    });
    reply
}

/// What the function says: its answer, or the status that the client gets instead of the upgrade.
async fn connect(world: &World, event: Value) -> Result<Value, StatusCode> {
    let limit = world.settings.time(|it| it.integration_ms);
    let run = world.functions.invoke("connect", event.to_string().into());
    let outcome = tokio::time::timeout(limit, run).await;
    let Outcome::Answered(answer) = outcome.map_err(|_| StatusCode::GATEWAY_TIMEOUT)? else {
        return Err(StatusCode::BAD_GATEWAY);
    };
    let answer: Value = serde_json::from_slice(&answer).map_err(|_| StatusCode::BAD_GATEWAY)?;
    let status = answer["statusCode"].as_u64().and_then(|it| u16::try_from(it).ok());
    match status.map(StatusCode::from_u16) {
        Some(Ok(status)) if status.is_success() => Ok(answer),
        Some(Ok(status)) => Err(status),
        _ => Err(StatusCode::BAD_GATEWAY),
    }
}

fn switching(headers: &HeaderMap, answer: &Value) -> Option<Reply> {
    let accept = derive_accept_key(headers.get(SEC_WEBSOCKET_KEY)?.as_bytes());
    let mut reply = empty(StatusCode::SWITCHING_PROTOCOLS);
    let all = reply.headers_mut();
    all.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    all.insert(UPGRADE, HeaderValue::from_static("websocket"));
    all.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::try_from(accept).ok()?);
    if headers.contains_key(SEC_WEBSOCKET_PROTOCOL)
        && let Some(chosen) = header_of(answer, SEC_WEBSOCKET_PROTOCOL.as_str())
    {
        all.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::try_from(chosen).ok()?);
    }
    Some(reply)
}

/// A header of a function's answer, by any spelling of its name.
fn header_of(answer: &Value, name: &str) -> Option<String> {
    let single = answer["headers"].as_object().into_iter().flatten();
    let multi = answer["multiValueHeaders"].as_object().into_iter().flatten();
    let named = single.chain(multi).find(|(it, _)| it.eq_ignore_ascii_case(name));
    let value = named.map(|(_, value)| value)?;
    value.as_str().or_else(|| value[0].as_str()).map(str::to_owned)
}

/// Headers as they arrive behind CloudFront.
pub(crate) fn forwarded(headers: &HeaderMap, peer: SocketAddr) -> HeaderMap {
    let mut headers = headers.clone();
    let before = headers.get("x-forwarded-for").and_then(|it| it.to_str().ok());
    let chain = before.map_or(peer.ip().to_string(), |it| format!("{it}, {}", peer.ip()));
    let trace = format!("Root=1-{:08x}-{:024x}", ids::now_ms() / 1_000, rand::random::<u64>());
    let added = [("x-forwarded-for", chain), ("x-amzn-trace-id", trace)];
    for (name, value) in added {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
    headers.insert("x-forwarded-port", HeaderValue::from_static("443"));
    headers
}

fn reason(status: StatusCode) -> &'static str {
    if status.is_server_error() {
        "Internal server error"
    } else {
        status.canonical_reason().unwrap_or("Forbidden")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_move_from_the_path_into_the_query() {
        let key = |path, query| match way(path, query, "prod") {
            Way::WebSocket(query) => query.get("app_key").map(|it| it[0].clone()),
            _ => panic!("{path} is no WebSocket's"),
        };
        assert_eq!(key("/app/my-key", "protocol=7").as_deref(), Some("my-key"));
        assert_eq!(key("/app/my-key/", "app_key=forged").as_deref(), Some("my-key"));
        assert_eq!(key("/prod", "path=/app/my-key?protocol=7"), None);
        for path in ["/app/", "/app/a/b", "/app/a%20b"] {
            assert!(matches!(way(path, "", "prod"), Way::Refused(StatusCode::NOT_FOUND, _)));
        }
        assert!(matches!(way("/prod/x", "", "prod"), Way::Refused(StatusCode::FORBIDDEN, _)));
        assert!(matches!(way("/production", "", "prod"), Way::Http));
        assert!(matches!(way("/apps/1/events", "", "prod"), Way::Http));
    }
}
