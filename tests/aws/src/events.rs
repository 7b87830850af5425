//! `events/*.json` are what AWS sends: one for each route and trigger at least.
//!
//! Sources: API Gateway developer guide, payloads of WebSocket APIs and of HTTP APIs (format 2.0); Lambda developer guide, SQS;
//! EventBridge user guide, event structure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::template::{Template, file, root};

/// Events by file name without its end. What stands before the first `-` is the function.
fn all() -> BTreeMap<String, Value> {
    let entries = std::fs::read_dir(root().join("events")).expect("a folder");
    let names = entries.map(|it| it.expect("an entry").file_name().into_string().expect("a name"));
    names
        .map(|name| {
            let event = serde_json::from_str(&file(&format!("events/{name}")));
            let stem = name.strip_suffix(".json").expect("only JSON").to_owned();
            (stem, event.unwrap_or_else(|e| panic!("{name}: {e}")))
        })
        .collect()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// What `requestContext` of every WebSocket event has.
const SOCKET: [&str; 13] = [
    "apiId",
    "connectedAt",
    "connectionId",
    "domainName",
    "eventType",
    "extendedRequestId",
    "identity",
    "messageDirection",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "routeKey",
    "stage",
];

fn socket_event(event: &Value, route: &str, kind: &str, own: &[&str], top: &[&str]) {
    let context = &event["requestContext"];
    assert_eq!(keys(context), SOCKET.into_iter().chain(own.iter().copied()).collect());
    assert!(context["routeKey"] == route && context["eventType"] == kind, "{context}");
    assert!(context["connectedAt"].is_u64() && context["requestTimeEpoch"].is_u64());
    let common = ["requestContext", "isBase64Encoded"].into_iter();
    assert_eq!(keys(event), common.chain(top.iter().copied()).collect(), "{route}");
}

const HEADERS: [&str; 2] = ["headers", "multiValueHeaders"];

#[test]
fn socket_events_have_what_api_gateway_sends_and_no_more() {
    let events = all();
    let query = ["queryStringParameters", "multiValueQueryStringParameters"];
    socket_event(&events["connect"], "$connect", "CONNECT", &[], &[HEADERS, query].concat());
    for name in ["message", "message-ping"] {
        // The app's key is gone by now.
        socket_event(&events[name], "$default", "MESSAGE", &["messageId"], &["body"]);
    }
    let own = ["disconnectStatusCode", "disconnectReason"];
    socket_event(&events["disconnect"], "$disconnect", "DISCONNECT", &own, &HEADERS);
}

#[test]
fn http_events_are_of_format_2() {
    for (name, event) in all() {
        if !["auth", "api"].contains(&name.split('-').next().unwrap_or_default()) {
            continue;
        }
        assert_eq!(event["version"], "2.0", "{name}");
        let context = &event["requestContext"];
        assert_eq!(context["routeKey"], event["routeKey"], "{name}");
        assert_eq!(context["http"]["path"], event["rawPath"], "{name}");
        let form = event["headers"]["content-type"] == "application/x-www-form-urlencoded";
        assert_eq!(event["isBase64Encoded"], form, "{name}: forms are sent as bytes");
    }
}

#[test]
fn every_route_and_trigger_has_an_event() {
    let (template, events) = (Template::read(), all());
    let of = |event: &Value| {
        event["routeKey"]
            .as_str()
            .or(event["requestContext"]["routeKey"].as_str())
            .map(str::to_owned)
    };
    let routes: BTreeSet<_> = events.values().filter_map(of).collect();
    for (id, route) in template.of_type("AWS::ApiGatewayV2::Route") {
        let key = route["RouteKey"].as_str().expect("a text");
        // Answered by API Gateway itself.
        assert!(key == "pusher:ping" || routes.contains(key), "{id}: no event for {key}");
    }
    assert_eq!(events["publish"]["detail-type"], "Scheduled Event");
    assert_eq!(events["worker"]["Records"][0]["eventSource"], "aws:sqs");
    let pattern = &template.resource("BridgeRule")["Properties"]["EventPattern"]["detail-type"];
    assert_eq!(pattern[0], events["bridge"]["detail-type"]);
}

#[test]
fn every_event_is_for_a_function_and_every_function_has_one() {
    let template = Template::read();
    let names: BTreeSet<_> =
        all().into_keys().map(|it| it.split('-').next().unwrap_or_default().to_owned()).collect();
    let functions = template.of_type("AWS::Serverless::Function");
    let functions: BTreeSet<_> = functions
        .keys()
        .map(|id| id.strip_suffix("Function").expect("a suffix").to_lowercase())
        .collect();
    assert_eq!(names, functions);
}
