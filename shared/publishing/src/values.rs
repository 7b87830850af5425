//! Small values around the verbs.

use std::ops::AddAssign;

use posts::{
    AccountId, FieldError, Notification, PostStatus, PostView, Series, Settings, Timestamp, UserId,
    Workspace, WorkspaceId,
};
use serde::Serialize;

/// Which posts to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPosts {
    /// The workspace. May be left out by a member of exactly one.
    pub workspace_id: Option<WorkspaceId>,
    /// Only posts in this stage.
    pub status: Option<PostStatus>,
    /// Where the page before ended: its `next_cursor`.
    pub cursor: Option<String>,
    /// At most this many, 1 to 100; 25 if left out.
    pub limit: Option<u32>,
}

/// One page of posts, those due last first; drafts stand at their time of creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Page {
    /// The posts.
    pub posts: Vec<PostView>,
    /// Where the next page begins; nothing on the last one.
    pub next_cursor: Option<String>,
}

/// A series, with what its author should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SeriesView {
    /// The series.
    #[serde(flatten)]
    pub series: Series,
    /// What the caller should know about a request that was accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<FieldError>,
}

/// Notifications of a user, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Notifications {
    /// The notifications, at most 100.
    pub notifications: Vec<Notification>,
    /// How many of them are not read.
    pub unread_count: usize,
}

/// What sealing a page of credentials anew came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ResealReport {
    /// How many are sealed under the key that seals now, and were not before.
    pub resealed: u64,
    /// How many were sealed under it before.
    pub already: u64,
    /// Accounts whose credentials open under no key that the server has: a person must connect them again.
    pub unreadable: Vec<AccountId>,
    /// Where the next page begins; nothing on the last one.
    pub next_cursor: Option<String>,
}

/// What a workspace decided about its posts, and what holds where it did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct WorkspaceView {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// How late its posts may still go out, in minutes; null where the server's own limit holds.
    pub late_limit_minutes: Option<u64>,
    /// The server's own limit, in minutes.
    pub server_late_limit_minutes: u64,
    /// Who changed it last; null if nobody did.
    pub updated_by: Option<UserId>,
    /// When.
    pub updated_at: Option<Timestamp>,
}

impl WorkspaceView {
    pub(crate) fn new(
        workspace_id: WorkspaceId,
        found: Option<Workspace>,
        settings: &Settings,
    ) -> Self {
        let late = found.as_ref().and_then(|it| it.late_limit_minutes);
        let (updated_by, updated_at) = found.map(|it| (it.updated_by, it.updated_at)).unzip();
        Self {
            workspace_id,
            late_limit_minutes: late.map(u64::from),
            server_late_limit_minutes: settings.late.as_secs() / 60,
            updated_by,
            updated_at,
        }
    }
}

/// What one run of the ticker did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TickReport {
    /// Posts claimed.
    pub processed: u64,
    /// Deliveries published.
    pub published: u64,
    /// Deliveries that failed or that nobody can tell about, and posts that were missed.
    pub failed: u64,
    /// Deliveries to be tried again.
    pub retried: u64,
    /// Deliveries left to other workers, because too many were due.
    pub handed_over: u64,
}

impl AddAssign for TickReport {
    fn add_assign(&mut self, other: Self) {
        self.processed += other.processed;
        self.published += other.published;
        self.failed += other.failed;
        self.retried += other.retried;
        self.handed_over += other.handed_over;
    }
}
