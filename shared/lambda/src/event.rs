//! Events of a WebSocket API. Read leniently: what is absent or of another shape is absent.
//!
//! Source: API Gateway developer guide, "Set up a WebSocket API integration request".

use std::collections::BTreeMap;
use std::net::IpAddr;

use gateway::{ClientIp, Visitor};
use http::{HeaderMap, HeaderName, HeaderValue};
use protocol::{ConnectionId, SocketId};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use crate::edge::Edge;

/// The path that clients connect to, before an app's key.
const APP: &str = "/app/";
/// Parameters that may hold that path where a gateway cannot route by it.
const PATHS: [&str; 2] = ["path", "p"];

/// An event.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SocketEvent {
    pub(crate) request_context: RequestContext,
    #[serde(deserialize_with = "lenient")]
    headers: BTreeMap<String, String>,
    #[serde(deserialize_with = "lenient")]
    query_string_parameters: BTreeMap<String, String>,
    #[serde(deserialize_with = "lenient")]
    path: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) body: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) is_base64_encoded: bool,
}

/// What the gateway says of a message and its connection.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RequestContext {
    #[serde(deserialize_with = "lenient")]
    connection_id: String,
    /// When the gateway got it, milliseconds since the Unix epoch.
    #[serde(deserialize_with = "lenient")]
    pub(crate) request_time_epoch: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) domain_name: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) stage: String,
    #[serde(deserialize_with = "lenient")]
    identity: Identity,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity {
    #[serde(deserialize_with = "lenient")]
    source_ip: String,
}

/// `null`, and what is of another shape, count as absent.
fn lenient<'de, T, D>(value: D) -> Result<T, D::Error>
where
    T: Default + for<'a> Deserialize<'a>,
    D: Deserializer<'de>,
{
    Ok(serde_json::from_value(Value::deserialize(value)?).unwrap_or_default())
}

impl SocketEvent {
    /// Reads an event; `None` if it names no connection.
    pub(crate) fn read(event: Value) -> Option<Self> {
        let event: Self = serde_json::from_value(event).ok()?;
        (!event.request_context.connection_id.is_empty()).then_some(event)
    }

    pub(crate) fn connection(&self) -> ConnectionId {
        ConnectionId::new(self.request_context.connection_id.as_str())
    }

    /// The socket id that a connection has in every function, without a look at the store.
    pub(crate) fn socket_id(&self) -> SocketId {
        let digest = Sha256::digest(self.request_context.connection_id.as_bytes());
        let number = |at: usize| {
            digest[at..at + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
        };
        SocketId::from_random(number(0), number(8))
    }

    /// Where the client is: the gateway's peer, or whom the edge or a trusted proxy before it names.
    pub(crate) fn from(&self, edge: Edge<'_>, headers: &HeaderMap) -> Option<ClientIp> {
        Some(ClientIp(edge.client(self.peer()?, headers)))
    }

    fn peer(&self) -> Option<IpAddr> {
        self.request_context.identity.source_ip.parse().ok()
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let pair = |(name, value): (&String, &String)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
        };
        self.headers.iter().filter_map(pair).collect()
    }

    /// What the handshake says. The app's key stands in `?app_key=`, put there by CloudFront; in `?path=/app/KEY?…`, where
    /// clients have no more than a prefix of the path to set; or in the path.
    pub(crate) fn visitor(&self, edge: Edge<'_>, headers: &HeaderMap) -> Visitor {
        let query = &self.query_string_parameters;
        let path = PATHS.iter().find_map(|name| query.get(*name)).or(self.path.as_ref());
        let (path, inner) = match path {
            Some(path) => path.split_once('?').unwrap_or((path, "")),
            None => ("", ""),
        };
        let of_path = path.find(APP).map(|at| path[at + APP.len()..].trim_end_matches('/'));
        let key = query.get("app_key").map(String::as_str).or(of_path);
        let key = key.filter(|key| !key.is_empty()).map(str::to_owned);
        let pairs = query.iter().filter(|(name, _)| !PATHS.contains(&name.as_str()));
        let mut whole = form_urlencoded::Serializer::new(inner.to_owned());
        let whole = whole.extend_pairs(pairs).finish();
        Visitor::new(key, &whole, headers, self.from(edge, headers))
    }
}

#[cfg(test)]
mod tests {
    use config::{Deployed, Env};
    use serde_json::json;

    use super::*;

    fn deployed(variables: &[(&str, &str)]) -> Deployed {
        Deployed::read(&variables.iter().copied().collect::<Env>()).unwrap()
    }

    fn event(query: &Value, path: &Value) -> SocketEvent {
        let event = json!({
            "requestContext": {
                "connectionId": "L0SM9cOFvHcCIhw=", "stage": "prod", "domainName": "x.execute-api",
                "requestTimeEpoch": 1_700_000_000_000_u64, "identity": { "sourceIp": "203.0.113.9" },
            },
            "headers": { "Origin": "https://a.example", "Host": "x.execute-api" },
            "multiValueHeaders": null,
            "queryStringParameters": query,
            "path": path,
            "isBase64Encoded": false,
        });
        SocketEvent::read(event).unwrap()
    }

    #[test]
    fn the_apps_key_may_stand_in_three_places() {
        let key = |query: Value, path: Value| {
            let (event, deployed) = (event(&query, &path), deployed(&[]));
            let visitor = event.visitor(Edge::of(&deployed), &event.headers());
            (visitor.key.unwrap_or_default(), visitor.protocol.unwrap_or_default())
        };
        let both = ("KEY".to_owned(), "7".to_owned());
        assert_eq!(key(json!({ "app_key": "KEY", "protocol": "7" }), Value::Null), both);
        let path = json!({ "path": "/app/KEY?protocol=7", "client": "js", "version": "8.6.0" });
        assert_eq!(key(path, Value::Null), both);
        assert_eq!(key(json!({ "p": "/app/KEY?protocol=7" }), Value::Null), both);
        assert_eq!(key(json!({ "protocol": "7" }), json!("/app/KEY")), both);
        assert_eq!(key(Value::Null, Value::Null), (String::new(), String::new()));
        assert_eq!(key(json!({ "app_key": "" }), json!(7)), (String::new(), String::new()));
    }

    #[test]
    fn what_is_odd_is_absent() {
        for odd in [json!({}), json!(7), json!({ "requestContext": 7 }), json!(null)] {
            assert!(SocketEvent::read(odd).is_none());
        }
        let odd = json!({
            "requestContext": { "connectionId": "c", "requestTimeEpoch": "x", "identity": null },
            "headers": [1], "body": { "a": 1 }, "isBase64Encoded": null,
        });
        let event = SocketEvent::read(odd).unwrap();
        assert_eq!((event.body, event.request_context.request_time_epoch), (None, None));
    }

    #[test]
    fn a_handshake_says_whose_it_is() {
        let event = event(&Value::Null, &Value::Null);
        let headers = [(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_static("198.51.100.7, 203.0.113.9"),
        )];
        let headers = HeaderMap::from_iter(headers);
        let known = |it: Option<ClientIp>| it.map(|it| it.0.to_string());
        let proxies = "[server]\ntrusted_proxies = [\"203.0.113.0/24\"]\n";
        let (none, proxies) = (deployed(&[]), deployed(&[("PUSHBRIDGE_TOML", proxies)]));
        let edge = deployed(&[("EDGE_KEY", "e")]);
        for (deployed, expected) in
            [(&none, "203.0.113.9"), (&proxies, "198.51.100.7"), (&edge, "198.51.100.7")]
        {
            assert_eq!(known(event.from(Edge::of(deployed), &headers)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_connections_socket_id_is_always_the_same() {
        let one = event(&Value::Null, &Value::Null).socket_id();
        assert_eq!(one.to_string(), event(&json!({}), &json!("x")).socket_id().to_string());
        assert_eq!(one.to_string().parse(), Ok(one));
    }
}
