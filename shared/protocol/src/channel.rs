//! Channel and event names: what a name means is decided here, once.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::{CHANNEL_NAME_CHARS, EVENT_NAME_CHARS};

/// Why a name was refused. The text is fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NameError(String);

/// What a channel's prefix says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    /// Anyone may subscribe.
    Public,
    /// Subscribing needs a signature, or a policy that allows it.
    Private,
    /// As private, but its payload is opaque to us and clients may not send events.
    Encrypted,
    /// As private, with a roster of members.
    Presence,
    /// `#server-to-user-…`: gated to that signed-in user, published to over HTTP.
    ServerToUser,
}

/// The prefixes of channels that keep their last event (docs, cache channels).
const CACHED: [&str; 4] =
    ["cache-", "private-cache-", "private-encrypted-cache-", "presence-cache-"];

/// The prefix of the channel that carries events to one signed-in user.
const SERVER_TO_USER: &str = "#server-to-user-";

impl ChannelKind {
    /// Whether subscribing must be authorized.
    pub fn needs_auth(self) -> bool {
        self != Self::Public
    }

    /// Whether clients may send events to it (docs, client events).
    pub fn takes_client_events(self) -> bool {
        matches!(self, Self::Private | Self::Presence)
    }

    /// Prefixes are anchored at the start: `my-private-x` is a public channel.
    fn of(name: &str) -> Self {
        if name.starts_with(SERVER_TO_USER) {
            Self::ServerToUser
        } else if name.starts_with("private-encrypted-") {
            Self::Encrypted
        } else if name.starts_with("private-") {
            Self::Private
        } else if name.starts_with("presence-") {
            Self::Presence
        } else {
            Self::Public
        }
    }
}

/// A valid channel name and its kind. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "Arc<str>", try_from = "String")]
pub struct ChannelName(Arc<str>);

impl From<ChannelName> for Arc<str> {
    fn from(name: ChannelName) -> Self {
        name.0
    }
}

impl TryFrom<String> for ChannelName {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        Self::parse(&name)
    }
}

impl ChannelName {
    /// Checks length and alphabet: `A-Za-z0-9_-=@,.;`, at most 200 characters;
    /// a leading `#` only in `#server-to-user-…`, where a user's id follows, which is free text (`auth0|7`).
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-=@,.;".contains(c);
        let is_good = match name.strip_prefix(SERVER_TO_USER) {
            Some(user) => !user.is_empty() && !user.contains(char::is_control),
            None => !name.is_empty() && name.chars().all(allowed),
        };
        if name.len() > CHANNEL_NAME_CHARS {
            return Err(NameError(format!(
                "Channel name too long: at most {CHANNEL_NAME_CHARS} characters are allowed"
            )));
        }
        if !is_good {
            return Err(NameError(format!("Invalid channel name: '{}'", clip(name))));
        }
        Ok(Self(name.into()))
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What its prefix says.
    pub fn kind(&self) -> ChannelKind {
        ChannelKind::of(&self.0)
    }

    /// Whether the last event published to it is kept for newcomers.
    pub fn is_cached(&self) -> bool {
        CACHED.iter().any(|prefix| self.0.starts_with(prefix))
    }

    /// The user whom `#server-to-user-{id}` belongs to.
    pub fn own_user(&self) -> Option<&str> {
        self.0.strip_prefix(SERVER_TO_USER)
    }

    /// Whether it keeps a roster.
    pub fn is_presence(&self) -> bool {
        self.kind() == ChannelKind::Presence
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// The name of an event that a publisher may use: free text, except the protocol's own prefixes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(into = "Arc<str>", try_from = "String")]
pub struct EventName(Arc<str>);

impl From<EventName> for Arc<str> {
    fn from(name: EventName) -> Self {
        name.0
    }
}

impl TryFrom<String> for EventName {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        Self::parse(&name)
    }
}

impl EventName {
    /// Checks length and reserved prefixes. Any other text is legal (Laravel sends `App\Events\X`).
    pub fn parse(name: &str) -> Result<Self, NameError> {
        if name.is_empty() {
            return Err(NameError("Event name is missing".into()));
        }
        if name.chars().count() > EVENT_NAME_CHARS {
            return Err(NameError(format!(
                "Event name too long: at most {EVENT_NAME_CHARS} characters are allowed"
            )));
        }
        if name.starts_with("pusher:") || name.starts_with("pusher_internal:") {
            return Err(NameError(format!(
                "Invalid event name: '{}' uses a prefix reserved for the protocol",
                clip(name)
            )));
        }
        Ok(Self(name.into()))
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first characters of a text from outside, for use in a message.
fn clip(text: &str) -> String {
    const SHOWN: usize = 64;
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> Option<ChannelKind> {
        ChannelName::parse(name).ok().map(|n| n.kind())
    }

    #[test]
    fn prefixes_are_anchored() {
        use ChannelKind::*;
        for (name, expected) in [
            ("news", Some(Public)),
            ("private-a", Some(Private)),
            ("presence-a", Some(Presence)),
            ("private-encrypted-a", Some(Encrypted)),
            ("my-private-a", Some(Public)),
            ("mypresence-a", Some(Public)),
            ("Private-a", Some(Public)),
            ("#server-to-user-7", Some(ServerToUser)),
            ("#other", None),
            ("#server-to-user-", None),
            ("#server-to-user-auth0|7 é+x@y", Some(ServerToUser)),
            ("#server-to-user-a\nb", None),
            ("x#server-to-user-7", None),
            ("a#b", None),
            ("a b", None),
            ("a/b", None),
            ("../etc", None),
            ("", None),
            ("ünïcode", None),
            ("a_b-c=d@e,f.g;H", Some(Public)),
        ] {
            assert_eq!(kind(name), expected, "{name:?}");
        }
    }

    #[test]
    fn cached_are_four_prefixes_and_nothing_else() {
        for (name, expected) in [
            ("cache-a", true),
            ("private-cache-a", true),
            ("private-encrypted-cache-a", true),
            ("presence-cache-a", true),
            ("mycache-foo", false),
            ("my-cache-a", false),
            ("private-a-cache-b", false),
            ("cache", false),
        ] {
            assert_eq!(ChannelName::parse(name).map(|it| it.is_cached()), Ok(expected), "{name}");
        }
        assert_eq!(kind("private-encrypted-cache-a"), Some(ChannelKind::Encrypted));
        assert_eq!(kind("presence-cache-a"), Some(ChannelKind::Presence));
    }

    #[test]
    fn names_end_at_200_characters() {
        assert!(ChannelName::parse(&"a".repeat(200)).is_ok());
        assert!(ChannelName::parse(&"a".repeat(201)).is_err());
        assert!(EventName::parse(&"ü".repeat(200)).is_ok());
        assert!(EventName::parse(&"a".repeat(201)).is_err());
    }

    #[test]
    fn event_names_are_free_text_without_reserved_prefixes() {
        for good in ["post:published", r"App\Events\PostPublished", "client-x", "pusher", "é"] {
            assert!(EventName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "pusher:ping", "pusher_internal:member_added"] {
            assert!(EventName::parse(bad).is_err(), "{bad}");
        }
    }
}
