//! The events that functions get, to the letter of AWS's documentation and of its libraries' fixtures.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use serde_json::{Map, Value, json};

use crate::ids;

/// What every event of a WebSocket connection says of it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// Its id.
    pub(crate) id: String,
    /// When the upgrade was asked for, in milliseconds since 1970.
    pub(crate) connected_at_ms: u64,
    /// The client's address.
    pub(crate) source_ip: String,
    /// The client's name for itself.
    pub(crate) user_agent: Option<String>,
    /// The API's stage.
    pub(crate) stage: String,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The close code; 1006 when there was none.
    pub(crate) code: u16,
    /// The reason given.
    pub(crate) reason: String,
}

/// Names and their values, in the order of the names.
pub(crate) type Multi = BTreeMap<String, Vec<String>>;

impl Connection {
    /// The event of the route `$connect`.
    pub(crate) fn connect(&self, headers: &HeaderMap, query: &Multi) -> Value {
        let headers = title_case(headers);
        let mut event = json!({
            "headers": last(&headers),
            "multiValueHeaders": headers,
            "requestContext": self.context("$connect", "CONNECT", self.connected_at_ms),
            "isBase64Encoded": false,
        });
        if !query.is_empty() {
            event["queryStringParameters"] = json!(last(query));
            event["multiValueQueryStringParameters"] = json!(query);
        }
        event
    }

    /// The event of a message. It has neither headers nor a query string.
    pub(crate) fn message(&self, route: &str, body: &str, now_ms: u64) -> Value {
        let mut context = self.context(route, "MESSAGE", now_ms);
        context["messageId"] = json!(ids::short());
        json!({ "requestContext": context, "body": body, "isBase64Encoded": false })
    }

    /// The event of the route `$disconnect`.
    pub(crate) fn disconnect(&self, ended: &Ended, now_ms: u64) -> Value {
        let mut context = self.context("$disconnect", "DISCONNECT", now_ms);
        context["disconnectStatusCode"] = json!(ended.code);
        context["disconnectReason"] = json!(ended.reason);
        let host = Multi::from([
            ("Host".to_owned(), vec![domain_of(ids::WEBSOCKET_API)]),
            ("x-api-key".to_owned(), vec![String::new()]),
        ]);
        json!({
            "headers": last(&host),
            "multiValueHeaders": host,
            "requestContext": context,
            "isBase64Encoded": false,
        })
    }

    fn context(&self, route: &str, kind: &str, now_ms: u64) -> Value {
        let request = ids::short();
        let mut identity = json!({ "sourceIp": self.source_ip });
        if let Some(agent) = &self.user_agent {
            identity["userAgent"] = json!(agent);
        }
        json!({
            "routeKey": route,
            "eventType": kind,
            "extendedRequestId": request,
            "requestTime": ids::log_time(now_ms),
            "messageDirection": "IN",
            "stage": self.stage,
            "connectedAt": self.connected_at_ms,
            "requestTimeEpoch": now_ms,
            "identity": identity,
            "requestId": request,
            "domainName": domain_of(ids::WEBSOCKET_API),
            "connectionId": self.id,
            "apiId": ids::WEBSOCKET_API,
        })
    }
}

/// The host of an API without a domain of its own.
pub(crate) fn domain_of(api: &str) -> String {
    format!("{api}.execute-api.{}.amazonaws.com", ids::REGION)
}

/// Headers as the WebSocket API writes them: `Sec-Websocket-Version`.
fn title_case(headers: &HeaderMap) -> Multi {
    let mut all = Multi::new();
    for (name, value) in headers {
        let words = name.as_str().split('-').map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        });
        let name = words.collect::<Vec<_>>().join("-");
        all.entry(name).or_default().push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    all
}

fn last<'a>(all: &'a Multi) -> BTreeMap<&'a str, &'a str> {
    let pair = |(name, values): (&'a String, &'a Vec<String>)| {
        (name.as_str(), values.last().map(String::as_str).unwrap_or_default())
    };
    all.iter().map(pair).collect()
}

/// A query's parameters, decoded.
pub(crate) fn parameters(query: &str) -> Multi {
    let mut all = Multi::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        all.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    all
}

/// A request to the HTTP API, in payload format 2.0.
pub(crate) fn http(parts: &Parts, body: &Bytes, source_ip: &str, request_id: &str) -> Value {
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let now_ms = ids::now_ms();
    let agent = parts.headers.get("user-agent").and_then(|it| it.to_str().ok());
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": joined(&parts.headers),
        "requestContext": {
            "accountId": ids::ACCOUNT,
            "apiId": ids::HTTP_API,
            "domainName": domain_of(ids::HTTP_API),
            "domainPrefix": ids::HTTP_API,
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": agent.unwrap_or_default(),
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": ids::log_time(now_ms),
            "timeEpoch": now_ms,
        },
        "isBase64Encoded": false,
    });
    let cookies = parts.headers.get_all("cookie").iter().filter_map(|it| it.to_str().ok());
    let cookies: Vec<_> = cookies.flat_map(|it| it.split("; ")).collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        let joined = parameters(query).into_iter().map(|(name, values)| (name, values.join(",")));
        event["queryStringParameters"] = json!(joined.collect::<BTreeMap<_, _>>());
    }
    put_body(&mut event, &parts.headers, body);
    event
}

/// Text stays text if its type says so and it is text; all else is base64.
fn put_body(event: &mut Value, headers: &HeaderMap, body: &Bytes) {
    if body.is_empty() {
        return;
    }
    let kind = headers.get("content-type").and_then(|it| it.to_str().ok());
    match std::str::from_utf8(body) {
        Ok(text) if kind.is_none_or(is_text) => event["body"] = json!(text),
        _ => {
            event["body"] = json!(STANDARD.encode(body));
            event["isBase64Encoded"] = json!(true);
        }
    }
}

/// The types that the HTTP API hands on as text. A form is not among them.
fn is_text(kind: &str) -> bool {
    const TEXT: [&str; 4] =
        ["text/", "application/json", "application/javascript", "application/xml"];
    TEXT.iter().any(|it| kind.starts_with(it))
}

/// Headers as the HTTP API writes them: in lower case, values joined by commas, cookies apart.
fn joined(headers: &HeaderMap) -> Map<String, Value> {
    let mut all = Map::new();
    for name in headers.keys().filter(|it| *it != "cookie") {
        let values = headers.get_all(name).iter();
        let values: Vec<_> =
            values.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned()).collect();
        all.insert(name.as_str().to_owned(), json!(values.join(",")));
    }
    all
}

/// An event of the schedule.
pub(crate) fn scheduled(now_ms: u64) -> Value {
    let rule = format!("arn:aws:events:{}:{}:rule/minute", ids::REGION, ids::ACCOUNT);
    envelope(&ids::request(), "Scheduled Event", "aws.events", now_ms, &[rule], json!({}))
}

/// An event on a bus.
pub(crate) fn envelope(
    id: &str,
    kind: &str,
    source: &str,
    now_ms: u64,
    resources: &[String],
    detail: Value,
) -> Value {
    json!({
        "version": "0",
        "id": id,
        "detail-type": kind,
        "source": source,
        "account": ids::ACCOUNT,
        "time": ids::rfc3339(now_ms),
        "region": ids::REGION,
        "resources": resources,
        "detail": detail,
    })
}
