//! Who may see which channel. One table, whole-string matches only: `private-user-12` is
//! user `12`'s and nobody else's.

use protocol::{ChannelKind, ChannelName, UserId};

use crate::{User, WorkspaceId};

/// What a channel's name says about who may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// A public channel.
    Open,
    /// One user's own channel.
    User(UserId),
    /// A post's channels: by id, for its author and the members of its workspace.
    Post(String),
    /// A workspace's channels, for its members.
    Workspace(WorkspaceId),
    /// A channel for those whom a stored resource names.
    Stored(Resource, String),
    /// A name of the table without an id: nobody's.
    Nobody,
    /// Any other name, given here; the app's configuration may allow its prefix.
    Other(ChannelName),
}

/// Resources that name their own audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// `private-job-{id}`.
    Job,
    /// `private-brand-{id}`.
    Brand,
    /// `presence-room-{id}`.
    Room,
    /// `presence-conversation-{id}`.
    Conversation,
}

/// What the policy has to know about a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostFacts {
    /// Who wrote it.
    pub author: UserId,
    /// Whose members may see it, if it belongs to a workspace.
    pub workspace: Option<WorkspaceId>,
}

/// Where the policy's facts come from.
pub trait Facts: Send + Sync {
    /// What is known about a post; `None` if there is none, or if it cannot be told right now.
    fn post(&self, id: &str) -> impl Future<Output = Option<PostFacts>> + Send;
}

/// Makes a scope of the id after a prefix.
type Make = fn(&str) -> Scope;

/// The table: every prefix that has an owner. No prefix is the beginning of another.
const TABLE: [(&str, Make); 13] = [
    ("private-user-", |id| Scope::User(UserId::new(id))),
    ("#server-to-user-", |id| Scope::User(UserId::new(id))),
    ("private-post-", |id| Scope::Post(id.into())),
    ("private-cache-post-", |id| Scope::Post(id.into())),
    ("presence-post-", |id| Scope::Post(id.into())),
    ("private-workspace-", |id| Scope::Workspace(WorkspaceId::new(id))),
    ("presence-workspace-", |id| Scope::Workspace(WorkspaceId::new(id))),
    ("private-dashboard-", |id| Scope::Workspace(WorkspaceId::new(id))),
    ("presence-inbox-", |id| Scope::Workspace(WorkspaceId::new(id))),
    ("private-job-", |id| Scope::Stored(Resource::Job, id.into())),
    ("private-brand-", |id| Scope::Stored(Resource::Brand, id.into())),
    ("presence-room-", |id| Scope::Stored(Resource::Room, id.into())),
    ("presence-conversation-", |id| Scope::Stored(Resource::Conversation, id.into())),
];

impl Scope {
    /// Reads a channel's name. The whole rest after a prefix is the id, separators included.
    pub fn of(channel: &ChannelName) -> Self {
        if channel.kind() == ChannelKind::Public {
            return Self::Open;
        }
        let name = channel.as_str();
        let row = TABLE.iter().find_map(|(prefix, make)| Some((name.strip_prefix(prefix)?, make)));
        match row {
            Some(("", _)) => Self::Nobody,
            Some((id, make)) => make(id),
            None => Self::Other(channel.clone()),
        }
    }
}

/// Whether a user may see what a scope names.
///
/// `facts` are the post's when the scope is a post. `extra` are the prefixes that the app's
/// configuration allows to every signed-in user; they never widen a row of the table.
pub fn allows<P: AsRef<str>>(
    user: &User,
    scope: &Scope,
    facts: Option<&PostFacts>,
    extra: &[P],
) -> bool {
    match scope {
        Scope::Open => true,
        Scope::User(id) => user.id == *id,
        Scope::Post(_) => facts.is_some_and(|post| sees_post(user, post)),
        Scope::Workspace(id) => user.is_member(id),
        // Nothing is stored yet that could name anyone.
        Scope::Stored(..) | Scope::Nobody => false,
        Scope::Other(name) => {
            let allowed = |prefix: &str| !prefix.is_empty() && name.as_str().starts_with(prefix);
            extra.iter().any(|prefix| allowed(prefix.as_ref()))
        }
    }
}

fn sees_post(user: &User, post: &PostFacts) -> bool {
    user.id == post.author || post.workspace.as_ref().is_some_and(|id| user.is_member(id))
}

#[cfg(test)]
mod tests;
