//! Hands published events on to an app at Pusher: clients that still connect there see what those here see, and a team
//! moves over without a day on which everything changes.
//!
//! Only events that an application publishes are handed on; what clients send each other stays where they are.

mod send;

use std::fmt;
use std::time::Duration;

use auth::{KeyPair, Secret};
use channels::Publish;
use protocol::AppKey;
use serde::{Deserialize, Serialize};
use url::Url;

pub use send::{NotSent, queue};

/// How long a call may take. Ours.
const TIMEOUT: Duration = Duration::from_secs(5);

/// An app elsewhere. Cheap to clone.
#[derive(Clone)]
pub struct Relay {
    http: reqwest::Client,
    base: Url,
    path: String,
    pair: KeyPair,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({}{})", self.base.as_str().trim_end_matches('/'), self.path)
    }
}

/// The address is none. It holds a secret, so it is not repeated.
#[derive(Debug, thiserror::Error)]
#[error(
    "RELAY_PUSHER_URL cannot be used: {0}; a good value is https://my-key:my-secret@api-eu.pusher.com/apps/1001."
)]
pub struct RelayError(&'static str);

/// An event as Pusher's HTTP API takes it (`POST /apps/{id}/events`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    name: String,
    channels: Vec<String>,
    data: String,
}

impl From<&Publish> for Event {
    /// Without the socket that is left out: here and there are different sockets.
    fn from(publish: &Publish) -> Self {
        Self {
            name: publish.event.as_str().to_owned(),
            channels: publish.channels.iter().map(|it| it.as_str().to_owned()).collect(),
            data: publish.data.clone(),
        }
    }
}

impl Relay {
    /// Reads `https://{key}:{secret}@{host}/apps/{id}`, the form in which Pusher's own SDKs take it.
    ///
    /// # Errors
    /// When it is none, or there is no HTTPS client.
    pub fn parse(text: &str) -> Result<Self, RelayError> {
        let mut base = Url::parse(text).map_err(|_| RelayError("it is not a URL"))?;
        if !matches!(base.scheme(), "https" | "http") || base.host().is_none() {
            return Err(RelayError("it does not begin with https://"));
        }
        let id = base.path().strip_prefix("/apps/").map(|id| id.trim_end_matches('/'));
        let id = id.filter(|id| !id.is_empty() && !id.contains('/'));
        let path = format!("/apps/{}/events", id.ok_or(RelayError("its path is not /apps/{id}"))?);
        let secret = base.password().filter(|it| !it.is_empty());
        let secret = Secret::new(secret.ok_or(RelayError("it has no secret"))?);
        let pair = KeyPair { key: AppKey::new(base.username()), secret };
        if base.set_username("").and_then(|()| base.set_password(None)).is_err() {
            return Err(RelayError("it is not a URL of a host"));
        }
        base.set_path("");
        // The first one installed stays; another part of the program may have been first, with the same.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder().timeout(TIMEOUT).build();
        let http = http.map_err(|_| RelayError("the HTTPS client cannot be set up"))?;
        Ok(Self { http, base, path, pair })
    }
}
