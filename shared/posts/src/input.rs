//! What callers send.

use serde::{Deserialize, Deserializer};

use crate::{AccountId, NewMedium, Timestamp, WorkspaceId};

/// A request to create a post. With a time it is scheduled, without one it is a draft.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPost {
    /// The workspace that will own it. May be left out by a member of exactly one.
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
    /// What it says, at most 5,000 characters.
    #[serde(default)]
    pub text: String,
    /// Its pictures, at most 10. They are fetched now and kept; platforms have limits of their own.
    #[serde(default)]
    pub media: Vec<NewMedium>,
    /// Where it goes: ids of accounts of the same workspace, at most 50.
    #[serde(default)]
    pub accounts: Vec<AccountId>,
    /// When it is due: RFC 3339, or milliseconds since 1970. At most a minute ago, at most two years ahead.
    /// May be left out beside `tz` and `local_time`, which then say it.
    #[serde(default)]
    pub scheduled_at: Option<Timestamp>,
    /// The IANA time zone that the author thinks in, such as `Europe/Berlin`. Kept for display.
    #[serde(default)]
    pub tz: Option<String>,
    /// The wall time that the author typed, such as `2026-11-20T09:00`. Kept for display.
    #[serde(default)]
    pub local_time: Option<String>,
    /// Another member of the workspace must agree before it is scheduled.
    #[serde(default)]
    pub needs_approval: bool,
}

/// Why a post is not approved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reject {
    /// A sentence for the author, at most 300 characters.
    #[serde(default)]
    pub reason: String,
}

/// A request to change a post. What is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchPost {
    /// The version that the change was made from. If given and not current, nothing changes.
    #[serde(default)]
    pub version: Option<u64>,
    /// The new text.
    #[serde(default)]
    pub text: Option<String>,
    /// The new pictures, all of them. Those whose address the post has already are not fetched again.
    #[serde(default)]
    pub media: Option<Vec<NewMedium>>,
    /// The new accounts, all of them.
    #[serde(default)]
    pub accounts: Option<Vec<AccountId>>,
    /// The new time; `null` makes it a draft again.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Timestamp>)]
    pub scheduled_at: Option<Option<Timestamp>>,
    /// The new time zone; `null` removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub tz: Option<Option<String>>,
    /// The new wall time; `null` removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub local_time: Option<Option<String>>,
}

/// A person's word that an unconfirmed delivery is live.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Where people see it: an `https` or `http` address of at most 500 characters.
    #[serde(default)]
    pub url: Option<String>,
}

/// Tells `null` from a field that is left out.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_not_absent() {
        let patch: PatchPost = serde_json::from_str(r#"{"scheduled_at":null}"#).unwrap();
        assert_eq!((patch.scheduled_at, patch.tz), (Some(None), None));
        let patch: PatchPost = serde_json::from_str(r#"{"scheduled_at":5,"tz":"UTC"}"#).unwrap();
        assert_eq!(patch.scheduled_at, Some(Some(Timestamp::from_ms(5))));
        assert_eq!(patch.tz, Some(Some("UTC".to_owned())));
    }

    #[test]
    fn unknown_fields_are_refused() {
        assert!(serde_json::from_str::<NewPost>(r#"{"txt":"a"}"#).is_err());
        assert!(serde_json::from_str::<PatchPost>(r#"{"status":"published"}"#).is_err());
    }
}
