//! Why a rule said no.

use crate::{FieldError, Post, PostStatus};

/// A rule's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The input is wrong.
    Invalid(Vec<FieldError>),
    /// The input is right, but not for what is stored now.
    Conflict(Conflict),
}

/// What is stored does not allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// A worker claimed the post.
    #[error("This post is being published already and cannot be changed or stopped.")]
    AlreadyPublishing,
    /// The post came to an end.
    #[error("This post is {} already. Create a new one instead.", .0.as_str())]
    AlreadyOver(PostStatus),
    /// Someone else changed the post.
    #[error("This post has changed: it is at version {0}. Read it again and repeat your change.")]
    OtherVersion(u64),
    /// The credentials are those of another account.
    #[error("These credentials open another account. Connect that one as an account of its own.")]
    OtherAccount,
    /// Nobody began to connect with this state, somebody ended it already, or it took too long.
    #[error("This link works once and for ten minutes. Begin to connect the account again.")]
    StateUnknown,
    /// Somebody else, or another browser, began to connect.
    #[error("Another browser or user began to connect this account. Begin again in this one.")]
    StateElsewhere,
    /// The post does not wait for anybody's agreement.
    #[error("This post does not wait for approval.")]
    NotPending,
    /// Authors do not approve their own posts.
    #[error("This is your own post. Ask another member of the workspace to approve it.")]
    OwnPost,
    /// The post waits for somebody's agreement.
    #[error("This post waits for approval. Ask another member of the workspace.")]
    NeedsApproval,
    /// The time of a post that waits is over.
    #[error("The time of this post is over. Give it a new one, then approve it.")]
    TimeIsOver,
    /// The series has ended.
    #[error("This series has ended already.")]
    SeriesEnded,
    /// Nothing of the post failed.
    #[error("Nothing of this post failed, so there is nothing to publish again.")]
    NothingFailed,
    /// The delivery's outcome is known, or not yet given up.
    #[error("This delivery is not unconfirmed, so there is nothing to decide.")]
    NotUnconfirmed,
    /// The delivery was sent again often enough.
    #[error("This delivery was sent again too often. Look at the account and create a new post.")]
    SentTooOften,
}

impl Conflict {
    /// A word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::AlreadyPublishing => "post_already_publishing",
            Self::AlreadyOver(PostStatus::Cancelled) => "post_cancelled",
            Self::AlreadyOver(_) => "post_already_finished",
            Self::OtherVersion(_) => "version_conflict",
            Self::StateUnknown => "state_unknown",
            Self::StateElsewhere => "state_elsewhere",
            Self::NotPending => "not_pending",
            Self::OwnPost => "own_post",
            Self::NeedsApproval => "needs_approval",
            Self::TimeIsOver => "time_is_over",
            Self::SeriesEnded => "series_ended",
            Self::OtherAccount => "other_account",
            Self::NothingFailed => "nothing_failed",
            Self::NotUnconfirmed => "not_unconfirmed",
            Self::SentTooOften => "sent_too_often",
        }
    }
}

/// Lets a change through while the post is a draft or waits for its time.
pub(crate) fn still_open(post: &Post) -> Result<(), Conflict> {
    match post.status() {
        PostStatus::Draft | PostStatus::PendingApproval | PostStatus::Scheduled => Ok(()),
        PostStatus::Publishing => Err(Conflict::AlreadyPublishing),
        over => Err(Conflict::AlreadyOver(over)),
    }
}
