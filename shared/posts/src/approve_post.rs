//! Posts that a second person looks at before they are scheduled.

use crate::{Caller, Conflict, Post, Stage, Timestamp, limits};

impl Post {
    /// The post scheduled, because a member of its workspace other than its author agrees.
    /// Fails if it does not wait for that, the caller is its author, or its time is over.
    pub fn approve(&self, by: &Caller, now: Timestamp) -> Result<Self, Conflict> {
        let Stage::PendingApproval { when } = &self.stage else {
            return Err(Conflict::NotPending);
        };
        if by.user_id == self.author_id {
            return Err(Conflict::OwnPost);
        }
        if when.scheduled_at < now.minus(limits::NOW_SLACK) {
            return Err(Conflict::TimeIsOver);
        }
        Ok(self.moved(Stage::Scheduled { when: when.clone() }, now))
    }

    /// The post a draft again, because a member of its workspace other than its author does not agree.
    /// Fails if it does not wait for that, or the caller is its author.
    pub fn reject(&self, by: &Caller, now: Timestamp) -> Result<Self, Conflict> {
        match self.stage {
            Stage::PendingApproval { .. } if by.user_id == self.author_id => Err(Conflict::OwnPost),
            Stage::PendingApproval { .. } => Ok(self.moved(Stage::Draft, now)),
            _ => Err(Conflict::NotPending),
        }
    }
}
