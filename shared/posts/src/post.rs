//! A post: what a person wrote, for which accounts, and when.

use serde::{Deserialize, Serialize};

use crate::{AccountId, MediaKey, Medium, PostId, Timestamp, UserId, WorkspaceId, limits};

/// A post. Its `version` grows by every write; `content_rev` only when the text, the pictures or the accounts change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Post {
    /// Its id.
    pub id: PostId,
    /// The workspace that owns it.
    pub workspace_id: WorkspaceId,
    /// Who wrote it.
    pub author_id: UserId,
    /// What it says.
    pub text: String,
    /// Its pictures, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Medium>,
    /// Where it goes.
    pub accounts: Vec<Target>,
    /// Where it is in its life.
    #[serde(flatten)]
    pub stage: Stage,
    /// Counts the writes, from 1.
    pub version: u64,
    /// Counts the changes of content, from 1.
    pub content_rev: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// One account that a post goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Target {
    /// The account.
    pub account_id: AccountId,
    /// The account's platform, as it was when the post was written.
    pub platform: String,
}

/// When a post is due, with what the author typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct When {
    /// The instant that counts.
    pub scheduled_at: Timestamp,
    /// The IANA time zone that the author thought in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tz: Option<String>,
    /// The wall time that the author typed, kept as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_time: Option<String>,
}

/// Where a post is in its life, with what is known there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Stage {
    /// Not due at any time.
    Draft,
    /// Waits until another member of the workspace agrees.
    PendingApproval {
        /// Its time.
        #[serde(flatten)]
        when: When,
    },
    /// Waits for its time.
    Scheduled {
        /// Its time.
        #[serde(flatten)]
        when: When,
    },
    /// Claimed by a worker: it cannot be changed or stopped any more.
    Publishing {
        /// Its time.
        #[serde(flatten)]
        when: When,
        /// When it was claimed.
        started_at: Timestamp,
    },
    /// Every delivery is published.
    Published {
        /// Its time.
        #[serde(flatten)]
        when: When,
        /// When the last delivery ended.
        finished_at: Timestamp,
    },
    /// Some deliveries are published.
    PartiallyPublished {
        /// Its time.
        #[serde(flatten)]
        when: When,
        /// When the last delivery ended.
        finished_at: Timestamp,
        /// A person must look whether an unconfirmed delivery is there.
        needs_review: bool,
    },
    /// No delivery is published.
    Failed {
        /// Its time.
        #[serde(flatten)]
        when: When,
        /// When the last delivery ended.
        finished_at: Timestamp,
        /// Why.
        reason: FailReason,
        /// A person must look whether an unconfirmed delivery is there.
        needs_review: bool,
    },
    /// Stopped by its author before it was claimed.
    Cancelled {
        /// When it was stopped.
        cancelled_at: Timestamp,
    },
}

/// Why a post failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailReason {
    /// Every delivery failed.
    AllFailed,
    /// It fell due while nothing ran, and is too late now.
    Missed,
    /// None is known to be published, and of some nobody can tell.
    Unconfirmed,
}

/// The name of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PostStatus {
    /// Not due at any time.
    Draft,
    /// Waits until another member of the workspace agrees.
    PendingApproval,
    /// Waits for its time.
    Scheduled,
    /// Claimed by a worker.
    Publishing,
    /// Published everywhere.
    Published,
    /// Published to some accounts.
    PartiallyPublished,
    /// Published nowhere.
    Failed,
    /// Stopped by its author.
    Cancelled,
}

impl PostStatus {
    /// The name in the API and in storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::PendingApproval => "pending_approval",
            Self::Scheduled => "scheduled",
            Self::Publishing => "publishing",
            Self::Published => "published",
            Self::PartiallyPublished => "partially_published",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Post {
    /// The name of its stage.
    pub fn status(&self) -> PostStatus {
        match self.stage {
            Stage::Draft => PostStatus::Draft,
            Stage::PendingApproval { .. } => PostStatus::PendingApproval,
            Stage::Scheduled { .. } => PostStatus::Scheduled,
            Stage::Publishing { .. } => PostStatus::Publishing,
            Stage::Published { .. } => PostStatus::Published,
            Stage::PartiallyPublished { .. } => PostStatus::PartiallyPublished,
            Stage::Failed { .. } => PostStatus::Failed,
            Stage::Cancelled { .. } => PostStatus::Cancelled,
        }
    }

    /// Its time, if it ever had one that still counts.
    pub fn when(&self) -> Option<&When> {
        match &self.stage {
            Stage::Draft | Stage::Cancelled { .. } => None,
            Stage::PendingApproval { when }
            | Stage::Scheduled { when }
            | Stage::Publishing { when, .. }
            | Stage::Published { when, .. }
            | Stage::PartiallyPublished { when, .. }
            | Stage::Failed { when, .. } => Some(when),
        }
    }

    /// Whether the copy of a picture may still be needed: the post has it, and is not over for long.
    pub fn needs(&self, key: &MediaKey, now: Timestamp) -> bool {
        let ended = match &self.stage {
            Stage::Draft
            | Stage::PendingApproval { .. }
            | Stage::Scheduled { .. }
            | Stage::Publishing { .. } => None,
            Stage::Published { finished_at, .. }
            | Stage::PartiallyPublished { finished_at, .. }
            | Stage::Failed { finished_at, .. } => Some(*finished_at),
            Stage::Cancelled { cancelled_at } => Some(*cancelled_at),
        };
        let kept = ended.is_none_or(|at| now.since(at) < limits::MEDIA_KEPT);
        kept && self.media.iter().any(|medium| medium.key == *key)
    }

    /// The same post in another stage, one version later; two if that gives it a new time, which is told
    /// as an event of its own: no two events of a post share a `seq`.
    pub(crate) fn moved(&self, stage: Stage, now: Timestamp) -> Self {
        let after = Self { stage, version: self.version + 1, updated_at: now, ..self.clone() };
        Self { version: after.version + u64::from(after.has_new_time(Some(self))), ..after }
    }

    /// Whether it is scheduled for another time than `before`.
    pub(crate) fn has_new_time(&self, before: Option<&Self>) -> bool {
        let at = |post: &Self| post.when().map(|when| when.scheduled_at);
        let scheduled = |post: &Self| matches!(post.stage, Stage::Scheduled { .. });
        let before = before.filter(|post| scheduled(post));
        scheduled(self) && before.and_then(at) != at(self)
    }
}
