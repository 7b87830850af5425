//! What an account's own server takes, on platforms whose servers differ; and what a post says there.

use serde::{Deserialize, Serialize};

use crate::{Account, Picture, Timestamp, limits};

/// What a server takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ServerLimits {
    /// The server's name, for messages.
    pub server: String,
    /// Most characters of a post.
    pub text_chars: usize,
    /// What a link counts, in characters.
    pub link_chars: usize,
    /// Most pictures of a post.
    pub pictures: usize,
    /// Largest picture in bytes.
    pub picture_bytes: u64,
    /// Largest picture in pixels.
    pub picture_pixels: u64,
    /// The types of pictures, such as `image/png`.
    pub picture_types: Vec<String>,
}

/// What is known of an account's server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KnownLimits {
    /// What it takes; absent while it could not be read: the platform's usual limits count then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<ServerLimits>,
    /// When it is asked again.
    pub read_again_at: Timestamp,
}

/// What asking a server came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitsRead {
    /// All servers of the platform take the same.
    NoOwn,
    /// It takes this.
    Own(ServerLimits),
    /// It does not say, or not now.
    Unreadable,
}

/// What a post says in one place.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// The platform.
    pub platform: &'a str,
    /// What the account's server takes, if servers differ and it is known.
    pub server: Option<&'a ServerLimits>,
    /// The text.
    pub text: &'a str,
    /// The pictures; nothing while they are not fetched.
    pub pictures: Option<&'a [Picture]>,
}

impl Account {
    /// What its server takes, as far as that is known.
    pub fn server_limits(&self) -> Option<&ServerLimits> {
        self.limits.as_ref()?.takes.as_ref()
    }

    /// Whether its server should be asked what it takes: nobody did, or long ago.
    pub fn should_ask_limits(&self, now: Timestamp) -> bool {
        self.limits.as_ref().is_none_or(|known| known.read_again_at <= now)
    }

    /// What is known after its server was asked. One that does not answer keeps what it took, and is asked again sooner.
    /// Nothing where servers do not differ.
    pub fn limits_after(&self, read: LimitsRead, now: Timestamp) -> Option<KnownLimits> {
        let (takes, wait) = match read {
            LimitsRead::NoOwn => return None,
            LimitsRead::Own(takes) => (Some(takes), limits::SERVER_BELIEVED),
            LimitsRead::Unreadable => (self.server_limits().cloned(), limits::SERVER_AGAIN),
        };
        Some(KnownLimits { takes, read_again_at: now.plus(wait) })
    }

    /// The account, with what is known of its server now.
    #[must_use]
    pub fn knowing(&self, known: KnownLimits) -> Self {
        Self { limits: Some(known), version: self.version + 1, ..self.clone() }
    }
}
