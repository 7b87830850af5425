//! What a workspace decides about its posts, instead of whoever runs the server.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Caller, FieldError, Settings, Timestamp, UserId, WorkspaceId, limits};

/// A workspace's own settings. One that never set anything has none stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// How late its posts may still go out; absent where the server's own limit holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_limit_minutes: Option<LateLimit>,
    /// Who changed it last.
    pub updated_by: UserId,
    /// When.
    pub updated_at: Timestamp,
}

/// How late posts may still go out, in whole minutes: 15 minutes to 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct LateLimit(u64);

/// A request to change a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutWorkspace {
    /// How late its posts may still go out, in minutes, 15 to 1440; null for the server's own limit.
    // Required: whoever forgets it must not reset it.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, minimum = 15, maximum = 1440)]
    pub late_limit_minutes: Option<i64>,
}

impl LateLimit {
    const MINUTES: std::ops::RangeInclusive<u64> =
        limits::LATE_AT_LEAST.as_secs() / 60..=limits::LATE_AT_MOST.as_secs() / 60;

    /// So many minutes. Fails with the range.
    pub fn from_minutes(minutes: u64) -> Result<Self, String> {
        let (least, most) = (Self::MINUTES.start(), Self::MINUTES.end());
        let wrong = || format!("Give {least} to {most} minutes, which is 24 hours.");
        Self::MINUTES.contains(&minutes).then_some(Self(minutes)).ok_or_else(wrong)
    }

    /// The same as a time.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0 * 60)
    }
}

impl TryFrom<u64> for LateLimit {
    type Error = String;

    fn try_from(minutes: u64) -> Result<Self, String> {
        Self::from_minutes(minutes)
    }
}

impl From<LateLimit> for u64 {
    fn from(limit: LateLimit) -> Self {
        limit.0
    }
}

impl Workspace {
    /// The workspace as `by` wants it. Any member may: so it is with its posts and accounts.
    pub fn put(
        workspace_id: WorkspaceId,
        by: &Caller,
        put: &PutWorkspace,
        now: Timestamp,
    ) -> Result<Self, FieldError> {
        let limit = |minutes: i64| {
            // What is below zero is as wrong as zero.
            LateLimit::from_minutes(u64::try_from(minutes).unwrap_or(0)).map_err(|range| {
                let message = format!("{range} null means the server's own limit.");
                FieldError::new("late_limit_minutes", "out_of_range", message)
            })
        };
        Ok(Self {
            workspace_id,
            late_limit_minutes: put.late_limit_minutes.map(limit).transpose()?,
            updated_by: by.user_id.clone(),
            updated_at: now,
        })
    }
}

impl Settings {
    /// The same where a workspace allows another lateness.
    #[must_use]
    pub fn allowing(self, late: Option<LateLimit>) -> Self {
        Self { late: late.map_or(self.late, LateLimit::duration), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_limit_has_a_range_that_refusals_name() {
        let workspace = WorkspaceId::parse("w").unwrap();
        let by =
            Caller { user_id: UserId::parse("u").unwrap(), workspaces: vec![workspace.clone()] };
        let put = |late_limit_minutes| {
            let put = PutWorkspace { late_limit_minutes };
            Workspace::put(workspace.clone(), &by, &put, Timestamp::from_ms(0))
        };
        for (minutes, expected) in [
            (None, limits::LATE),
            (Some(15), limits::LATE_AT_LEAST),
            (Some(1440), limits::LATE_AT_MOST),
        ] {
            let set = put(minutes).unwrap();
            assert_eq!(Settings::default().allowing(set.late_limit_minutes).late, expected);
        }
        for minutes in [i64::MIN, -15, 0, 14, 1441, i64::MAX] {
            let error = put(Some(minutes)).unwrap_err();
            assert_eq!((error.field.as_str(), error.code), ("late_limit_minutes", "out_of_range"));
            assert!(error.message.contains("15 to 1440 minutes"), "{}", error.message);
        }
        assert!(serde_json::from_str::<PutWorkspace>("{}").is_err(), "forgetting is not resetting");
        assert!(serde_json::from_str::<LateLimit>("14").is_err());
    }
}
