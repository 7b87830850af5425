//! Who calls.

use crate::{FieldError, UserId, WorkspaceId};

/// A signed-in user, as the token says. Someone else verified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user_id: UserId,
    /// The workspaces that the user is a member of.
    pub workspaces: Vec<WorkspaceId>,
}

impl Caller {
    /// Whether the caller is a member of `workspace`. Whole texts are compared.
    pub fn may_enter(&self, workspace: &WorkspaceId) -> bool {
        self.workspaces.contains(workspace)
    }

    /// The workspace a request means: the named one if the caller is a member, or the caller's only one.
    pub fn workspace(&self, named: Option<&WorkspaceId>) -> Result<WorkspaceId, FieldError> {
        match (named, self.workspaces.as_slice()) {
            (Some(named), _) if self.may_enter(named) => Ok(named.clone()),
            (Some(_), _) => Err(FieldError::new(
                "workspace_id",
                "not_a_member",
                "You are not a member of this workspace. Use one that your token names.",
            )),
            (None, [only]) => Ok(only.clone()),
            (None, []) => Err(FieldError::new(
                "workspace_id",
                "no_workspace",
                "Your token names no workspace. Ask for a token that does.",
            )),
            (None, _) => Err(FieldError::new(
                "workspace_id",
                "required",
                "You are a member of several workspaces. Say which one.",
            )),
        }
    }
}
