//! Identifiers. Two that look alike are two types: a connection is a transport's, a socket the protocol's.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a text that its source vouches for.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }
    };
}

text_id!(
    /// An application's id: decimal digits at Pusher, any path segment here.
    AppId
);
text_id!(
    /// The public half of an application's key pair.
    AppKey
);
text_id!(
    /// The transport's name of a connection (API Gateway's `connectionId`). Never shown to clients.
    ConnectionId
);
text_id!(
    /// An end user's id as the application names it. Compared whole, never by substring.
    UserId
);

/// The place of an event in its channel's history. Later events have larger ones; there may be gaps.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Serial(u64);

impl Serial {
    /// Wraps a number; JavaScript reads it exactly up to 2^53.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// The protocol's name of a connection, `digits.digits`: part of what private channels sign.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SocketId(u64, u64);

impl From<SocketId> for String {
    fn from(id: SocketId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for SocketId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map_err(|()| "a socket id is digits.digits")
    }
}

impl SocketId {
    /// Makes a socket id of two random numbers; only the low 53 bits of each are used,
    /// so that JavaScript clients can read them as numbers.
    pub fn from_random(a: u64, b: u64) -> Self {
        const MASK: u64 = (1 << 53) - 1;
        Self(a & MASK, b & MASK)
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl FromStr for SocketId {
    type Err = ();

    /// Accepts exactly what the server SDKs accept: `^\d+\.\d+$`. A well-formed id that is
    /// too large to be ours, or not written our way, names no socket and is mapped to one that cannot exist.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (a, b) = text.split_once('.').ok_or(())?;
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(a) || !digits(b) {
            return Err(());
        }
        let id = Self(a.parse().unwrap_or(u64::MAX), b.parse().unwrap_or(u64::MAX));
        Ok(if id.to_string() == text { id } else { Self(u64::MAX, u64::MAX) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_ids_are_digits_dot_digits() {
        for good in ["1.2", "0.0", "9007199254740991.1"] {
            assert_eq!(good.parse::<SocketId>().map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", ".", "1.", ".2", "1", "1.2.3", "1.2\n", "a.b", "+1.2", "-1.2", "1 .2"] {
            assert_eq!(bad.parse::<SocketId>(), Err(()), "{bad:?}");
        }
    }

    #[test]
    fn foreign_socket_ids_match_nobody() {
        let nobody = SocketId(u64::MAX, u64::MAX);
        assert_eq!("99999999999999999999999.1".parse(), Ok(nobody));
        assert_eq!("01.2".parse(), Ok(nobody));
        assert_ne!(SocketId::from_random(u64::MAX, u64::MAX), nobody);
    }
}
