//! Accounts: where posts go.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Conflict, KnownLimits, Secret, Timestamp, UserId, WorkspaceId};

/// A connected account of a platform. Its secret is kept apart and is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The workspace that owns it.
    pub workspace_id: WorkspaceId,
    /// The platform's name, such as `webhook`.
    pub platform: String,
    /// What people call it.
    pub name: String,
    /// Where it is: the webhook's address, an instance's address.
    pub url: String,
    /// The platform's own id of it: a DID, a page's number, a chat. Empty where the address says it all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remote_id: String,
    /// Who connected it.
    pub created_by: UserId,
    /// When it was connected.
    pub created_at: Timestamp,
    /// Whether it can be published to.
    #[serde(default)]
    pub status: AccountStatus,
    /// What is known of its server, on platforms whose servers differ in what they take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<KnownLimits>,
    /// Counts the writes, from 1.
    #[serde(default = "first")]
    pub version: u64,
}

/// Whether an account can be published to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// It can.
    #[default]
    Connected,
    /// The platform refuses its credentials: a person must connect it again. Its posts wait.
    NeedsReauth,
}

impl AccountStatus {
    /// The name in the API and in storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::NeedsReauth => "needs_reauth",
        }
    }
}

/// The version of accounts that were stored before they had one.
fn first() -> u64 {
    1
}

impl Account {
    /// The account after the platform refused its credentials. Nothing if that is known already.
    pub fn needs_reauth(&self) -> Option<Self> {
        (self.status == AccountStatus::Connected).then(|| self.moved(AccountStatus::NeedsReauth))
    }

    /// The account after a person connected it again. Fails if that made it another account of the platform.
    pub fn reconnected(&self, remote_id: &str) -> Result<Self, Conflict> {
        if remote_id != self.remote_id {
            return Err(Conflict::OtherAccount);
        }
        Ok(self.moved(AccountStatus::Connected))
    }

    fn moved(&self, status: AccountStatus) -> Self {
        Self { status, version: self.version + 1, ..self.clone() }
    }
}

/// A request to connect an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The workspace that will own it. May be left out by a member of exactly one.
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
    /// The platform's name, such as `webhook`.
    pub platform: String,
    /// What people will call it, at most 100 characters.
    pub name: String,
    /// Where it is: the webhook's address, an instance's address. Empty means the platform's usual one.
    #[serde(default)]
    pub url: String,
    /// The platform's own id of it: a handle, a page's number, a chat. Empty where the address says it all.
    #[serde(default)]
    pub remote_id: String,
    /// The webhook's signing secret, or the platform's token or app password. Never shown again.
    pub secret: Secret,
}

/// A request to connect an account again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reconnect {
    /// The new signing secret, token or app password. Never shown again.
    pub secret: Secret,
}
