//! Accounts: where posts go.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Secret, Timestamp, UserId, WorkspaceId};

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
