//! An endpoint as it is written in files, tables and requests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{EVENTS, Endpoint, EndpointId, Target, request};

/// Most endpoints of an app. Ours.
pub const ENDPOINTS: usize = 16;
/// Most headers of an endpoint. Ours.
const HEADERS: usize = 16;
/// Longest name or value of a header in bytes. Ours: a JWT fits.
const HEADER_BYTES: usize = 2_048;
/// Most channel prefixes of an endpoint. Ours.
const PREFIXES: usize = 32;
/// Longest id of an endpoint, name of a bus or prefix in characters: Pusher's longest channel name, and EventBridge's
/// longest name of a bus is 256.
const NAME_CHARS: usize = 256;

/// Headers that the protocol or HTTP itself sets.
const TAKEN: [&str; 7] =
    ["connection", "content-length", "content-type", "host", "te", "transfer-encoding", "upgrade"];

/// An endpoint as it is written.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointSpec {
    /// Its name; made of its target if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it is on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Instead of an address: an EventBridge event bus, by name or ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_bus: Option<String>,
    /// The events it wants; all if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What the channels it wants begin with; all if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel_prefixes: Vec<String>,
    /// Headers sent along.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Whether several events may share a delivery.
    #[serde(default = "yes")]
    pub batching: bool,
}

impl std::fmt::Debug for EndpointSpec {
    /// Without the headers' values, which may be tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndpointSpec")
            .field("url", &self.url)
            .field("event_bus", &self.event_bus)
            .field("headers", &self.headers.keys())
            .finish_non_exhaustive()
    }
}

fn yes() -> bool {
    true
}

/// A value that cannot be used. Fit to be shown: it does not repeat what may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} cannot be used: {why}; a good value is {example}")]
pub struct Malformed {
    /// Where it stands, such as `webhooks[0].url`.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
    /// A value that would do.
    pub example: &'static str,
}

impl Malformed {
    /// Says what is wrong with a field.
    pub fn new(field: impl Into<String>, why: impl Into<String>, example: &'static str) -> Self {
        Self { field: field.into(), why: why.into(), example }
    }

    /// The same, seen from the value that holds this one.
    #[must_use]
    pub fn inside(self, outer: &str) -> Self {
        Self { field: format!("{outer}.{}", self.field), ..self }
    }
}

impl EndpointSpec {
    /// Reads it. Whether the address may be called is known only when it is: names change where they lead.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<Endpoint, Malformed> {
        let target = self.target()?;
        Ok(Endpoint {
            id: self.id(&target)?,
            target,
            events: self.events()?,
            channel_prefixes: self.prefixes()?,
            batching: self.batching,
        })
    }

    fn target(&self) -> Result<Target, Malformed> {
        match (&self.url, &self.event_bus) {
            (Some(url), None) => {
                let good = url.starts_with("https://") || url.starts_with("http://");
                let why = "it is not a web address of at most 2048 bytes";
                let refused = || Malformed::new("url", why, "\"https://example.com/hooks\"");
                (good && url.len() <= 2_048).then_some(()).ok_or_else(refused)?;
                Ok(Target::Http { url: url.clone(), headers: self.headers()? })
            }
            (None, Some(_)) if !self.headers.is_empty() => {
                let why = "an event bus takes no headers";
                Err(Malformed::new("headers", why, "none"))
            }
            (None, Some(bus)) if is_name(bus) => Ok(Target::EventBus { bus: bus.clone() }),
            (None, Some(_)) => {
                let why = "it is not the name or ARN of an event bus";
                Err(Malformed::new("event_bus", why, "\"default\""))
            }
            (Some(_), Some(_)) | (None, None) => {
                let why = "exactly one of url and event_bus says where the events go";
                Err(Malformed::new("url", why, "\"https://example.com/hooks\""))
            }
        }
    }

    fn id(&self, target: &Target) -> Result<EndpointId, Malformed> {
        match (&self.id, target) {
            (Some(id), _) if is_name(id) => Ok(EndpointId::new(id.as_str())),
            (Some(_), _) => {
                let why = "it is empty, longer than 256 characters or has spaces";
                Err(Malformed::new("id", why, "\"crm\""))
            }
            (None, Target::Http { url: place, .. } | Target::EventBus { bus: place }) => {
                // Eight bytes tell the few endpoints of an app apart.
                let digest = Sha256::digest(place.as_bytes());
                Ok(EndpointId::new(hex::encode(&digest[..8])))
            }
        }
    }

    fn events(&self) -> Result<Vec<&'static str>, Malformed> {
        if self.events.is_empty() {
            return Ok(EVENTS.to_vec());
        }
        let known = |name: &String| {
            EVENTS.into_iter().find(|it| it == name).ok_or_else(|| {
                let why = format!("there is no event {name:?}");
                Malformed::new("events", why, "[\"channel_occupied\", \"channel_vacated\"]")
            })
        };
        self.events.iter().map(known).collect()
    }

    fn prefixes(&self) -> Result<Vec<String>, Malformed> {
        let fits = |prefix: &String| (1..=NAME_CHARS).contains(&prefix.len());
        if self.channel_prefixes.len() <= PREFIXES && self.channel_prefixes.iter().all(fits) {
            return Ok(self.channel_prefixes.clone());
        }
        let why = format!("there are more than {PREFIXES}, or one is empty or too long");
        Err(Malformed::new("channel_prefixes", why, "[\"private-\"]"))
    }

    fn headers(&self) -> Result<Vec<(String, String)>, Malformed> {
        let refused =
            |why: String| Err(Malformed::new("headers", why, "{ \"X-Tenant\" = \"acme\" }"));
        if self.headers.len() > HEADERS {
            return refused(format!("there are more than {HEADERS}"));
        }
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            let name = name.to_ascii_lowercase();
            if !is_token(&name) || name.len() > HEADER_BYTES {
                return refused("one of them has no legal name".into());
            }
            if is_taken(&name) {
                return refused(format!("{name:?} is set by the server"));
            }
            if value.len() > HEADER_BYTES || !value.bytes().all(|b| (0x20..0x7f).contains(&b)) {
                return refused(format!("the value of {name:?} is too long or not plain ASCII"));
            }
            headers.push((name, value.clone()));
        }
        Ok(headers)
    }
}

/// The names of headers (RFC 9110, section 5.6.2).
fn is_token(name: &str) -> bool {
    let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(tchar)
}

/// Receivers trust what is signed, so nobody may set what looks like it.
fn is_taken(name: &str) -> bool {
    let ours = [request::KEY_HEADER, request::SIGNATURE_HEADER, request::DELIVERY_HEADER];
    TAKEN.contains(&name)
        || ours.contains(&name)
        || name.starts_with("x-pusher-")
        || name.starts_with("x-pushbridge-")
}

fn is_name(text: &str) -> bool {
    (1..=NAME_CHARS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> EndpointSpec {
        EndpointSpec {
            url: Some("https://example.com/".into()),
            batching: true,
            ..Default::default()
        }
    }

    fn with_header(name: &str, value: &str) -> EndpointSpec {
        EndpointSpec { headers: [(name.into(), value.into())].into(), ..spec() }
    }

    #[test]
    fn the_least_is_an_address() {
        let spec: EndpointSpec = serde_json::from_str(r#"{"url":"https://example.com/"}"#).unwrap();
        let endpoint = spec.check().unwrap();
        assert_eq!(endpoint.id.as_str(), "0f115db062b7c0dd");
        assert_eq!((endpoint.events.len(), endpoint.batching), (7, true));
        assert!(endpoint.channel_prefixes.is_empty());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let bus = |bus: &str| EndpointSpec { url: None, event_bus: Some(bus.into()), ..spec() };
        let table = [
            ("url", EndpointSpec { url: None, ..spec() }),
            ("url", EndpointSpec { url: Some("ftp://example.com/".into()), ..spec() }),
            ("url", EndpointSpec { event_bus: Some("default".into()), ..spec() }),
            ("event_bus", bus("")),
            ("event_bus", bus("a b")),
            ("id", EndpointSpec { id: Some(String::new()), ..spec() }),
            ("events", EndpointSpec { events: vec!["channel_ocupied".into()], ..spec() }),
            ("channel_prefixes", EndpointSpec { channel_prefixes: vec![String::new()], ..spec() }),
            (
                "headers",
                EndpointSpec { headers: with_header("X-A", "1").headers, ..bus("default") },
            ),
            ("headers", with_header("X A", "1")),
            ("headers", with_header("X-A", "1\r\nX-Pusher-Key: other")),
            ("headers", with_header("X-A", "ü")),
            ("headers", with_header("Content-Type", "text/plain")),
            ("headers", with_header("HOST", "other")),
            ("headers", with_header("X-Pusher-Signature", "00")),
            ("headers", with_header("x-pushbridge-delivery", "1")),
        ];
        for (field, spec) in table {
            assert_eq!(spec.check().unwrap_err().field, field, "{spec:?}");
        }
        assert!(with_header("Authorization", "Bearer hush").check().is_ok());
        assert!(bus("arn:aws:events:eu-central-1:1:event-bus/push").check().is_ok());
    }

    #[test]
    fn misspelt_fields_are_refused_and_headers_are_not_shown() {
        assert!(
            serde_json::from_str::<EndpointSpec>(r#"{"url":"https://a/","evnts":[]}"#).is_err()
        );
        let shown = format!("{:?}", with_header("Authorization", "Bearer hush"));
        assert!(!shown.contains("hush"), "{shown}");
    }
}
