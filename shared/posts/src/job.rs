//! Jobs: work on many posts, with progress.

use serde::{Deserialize, Serialize};

use crate::{JobId, Timestamp, UserId, WorkspaceId, limits};

/// Work on many posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The workspace of its posts.
    pub workspace_id: WorkspaceId,
    /// Who began it.
    pub author_id: UserId,
    /// What it does.
    pub kind: JobKind,
    /// How far it is.
    #[serde(flatten)]
    pub state: JobState,
    /// How many posts it makes.
    pub total: usize,
    /// How many it made.
    pub done: usize,
    /// Counts the writes, from 1.
    pub version: u64,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Creates posts.
    BulkSchedule,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum JobState {
    /// Waits for a worker.
    Queued,
    /// A worker has it.
    Running {
        /// Until then it is that worker's alone.
        lease_until: Timestamp,
    },
    /// All of it is done.
    Succeeded {
        /// Since when.
        finished_at: Timestamp,
    },
}

impl Job {
    /// A new job.
    pub fn new(
        id: JobId,
        workspace_id: WorkspaceId,
        author_id: UserId,
        total: usize,
        now: Timestamp,
    ) -> Self {
        let (kind, state) = (JobKind::BulkSchedule, JobState::Queued);
        Self {
            id,
            workspace_id,
            author_id,
            kind,
            state,
            total,
            done: 0,
            version: 1,
            created_at: now,
        }
    }

    /// The job in a worker's hands. Nothing if another one has it, or it is over.
    pub fn claim(&self, now: Timestamp) -> Option<Self> {
        match self.state {
            JobState::Running { lease_until } if lease_until > now => None,
            JobState::Queued | JobState::Running { .. } => Some(self.at(self.done, now)),
            JobState::Succeeded { .. } => None,
        }
    }

    /// The job with so many posts made; over if that is all of them.
    #[must_use]
    pub fn at(&self, done: usize, now: Timestamp) -> Self {
        let state = if done >= self.total {
            JobState::Succeeded { finished_at: now }
        } else {
            JobState::Running { lease_until: now.plus(limits::LEASE) }
        };
        Self { state, done, version: self.version + 1, ..self.clone() }
    }

    /// Whether nothing happens to it any more.
    pub fn is_over(&self) -> bool {
        matches!(self.state, JobState::Succeeded { .. })
    }

    /// The name of its state.
    pub fn status(&self) -> &'static str {
        match self.state {
            JobState::Queued => "queued",
            JobState::Running { .. } => "running",
            JobState::Succeeded { .. } => "succeeded",
        }
    }

    /// When the ticker should look at it: a worker that stops is followed by another one.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            JobState::Queued => Some(self.created_at),
            JobState::Running { lease_until } => Some(lease_until),
            JobState::Succeeded { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_worker_has_a_job_and_another_one_follows_it() {
        let now = Timestamp::from_ms(1_795_161_600_000);
        let (w, u) = (WorkspaceId::parse("w").unwrap(), UserId::parse("u").unwrap());
        let job = Job::new(JobId::from_number(1), w, u, 3, now);
        let mine = job.claim(now).unwrap();
        assert_eq!(mine.claim(now), None);
        let half = mine.at(2, now);
        let later = now.plus(limits::LEASE + Duration::from_secs(1));
        assert_eq!(half.claim(later).unwrap().done, 2);
        let over = half.at(3, later);
        assert!(over.is_over() && over.due_at().is_none() && over.claim(later).is_none());
    }
}
