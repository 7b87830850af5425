//! Identifiers: one type each, so that none can stand in for another.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits;

/// A text that cannot be an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 128 bytes and no control characters")]
pub struct BadId;

fn check(text: &str) -> Result<(), BadId> {
    let fits = (1..=limits::ID_BYTES).contains(&text.len());
    if fits && !text.chars().any(char::is_control) { Ok(()) } else { Err(BadId) }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            /// Reads an id that comes from outside. Fails if it is empty, too long or has control characters.
            pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.0)
            }
        }
    };
}

text_id!(
    /// A post.
    PostId
);
text_id!(
    /// Work on many posts.
    JobId
);
text_id!(
    /// A post that comes again and again.
    SeriesId
);
text_id!(
    /// One post to one account.
    DeliveryId
);
text_id!(
    /// A connected account of a platform.
    AccountId
);
text_id!(
    /// The workspace that owns posts and accounts. Comes from the caller's token.
    WorkspaceId
);
text_id!(
    /// An end user, as the application names them. Compared whole.
    UserId
);

impl PostId {
    /// The id of a new post, from a number that is never used twice: time in the high bits, chance in the low.
    pub fn from_number(number: u128) -> Self {
        Self(format!("post_{number:032x}"))
    }
}

impl PostId {
    /// The id of the post of a series on a date: the same inputs, the same id.
    pub(crate) fn of_series(series: &SeriesId, date: &str) -> Self {
        Self(format!("{series}:{date}"))
    }
}

impl JobId {
    /// The id of a new job, from a number that is never used twice.
    pub fn from_number(number: u128) -> Self {
        Self(format!("job_{number:032x}"))
    }
}

impl SeriesId {
    /// The id of a new series, from a number that is never used twice.
    pub fn from_number(number: u128) -> Self {
        Self(format!("series_{number:032x}"))
    }
}

impl AccountId {
    /// The id of a new account, from a number that is never used twice.
    pub fn from_number(number: u128) -> Self {
        Self(format!("acc_{number:032x}"))
    }
}

impl DeliveryId {
    /// Wraps an id that follows from what it names.
    pub(crate) fn derived(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_printable() {
        for bad in ["", "a\nb", "\0", &"x".repeat(129)] {
            assert_eq!(PostId::parse(bad), Err(BadId), "{bad:?}");
        }
        assert_eq!(PostId::parse("ü/../1").unwrap().as_str(), "ü/../1");
        assert!(serde_json::from_str::<UserId>("\"\"").is_err());
    }
}
