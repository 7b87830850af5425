//! Who a user is, told by a JWT, and what they may see, told by a policy. Pure.

mod keys;
mod mint;
mod policy;
mod rules;
mod verify;

use std::fmt;
use std::sync::Arc;

use protocol::UserId;

pub use keys::{JwksError, Keys};
pub use mint::{MintError, mint};
pub use policy::{Facts, PostFacts, Resource, Scope, allows};
pub use rules::{Algorithm, JwtRules};
pub use verify::{TokenError, verify};

/// The id of a workspace as the application names it. Compared whole, never by substring.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkspaceId(Arc<str>);

impl WorkspaceId {
    /// Wraps a text that its source vouches for.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkspaceId({:?})", &*self.0)
    }
}

/// A workspace that a user is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Which.
    pub id: WorkspaceId,
    /// What they are there, if the token says so.
    pub role: Option<String>,
}

/// A signed-in user: what a verified token says about them.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// What others may see of them: any JSON.
    pub info: Option<serde_json::Value>,
    /// Where they are a member.
    pub workspaces: Vec<Workspace>,
}

impl User {
    /// Whether they are a member of exactly this workspace.
    pub fn is_member(&self, workspace: &WorkspaceId) -> bool {
        self.workspaces.iter().any(|it| it.id == *workspace)
    }
}
