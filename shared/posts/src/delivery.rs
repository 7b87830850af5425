//! A delivery: one post to one account. The unit of work.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{AccountId, DeliveryId, ErrorClass, PostId, Settings, Timestamp, WorkspaceId, limits};

/// One post to one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id, a function of post, account and content.
    pub id: DeliveryId,
    /// The post.
    pub post_id: PostId,
    /// The post's workspace.
    pub workspace_id: WorkspaceId,
    /// The account.
    pub account_id: AccountId,
    /// The account's platform.
    pub platform: String,
    /// When the post was due.
    pub scheduled_at: Timestamp,
    /// The latest that it may go out, by what its workspace allowed when the post was claimed. Rows of earlier versions
    /// have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_by: Option<Timestamp>,
    /// The key that every automatic attempt carries: at most 25 characters, a function of id and generation.
    pub idem_key: String,
    /// Moves only when a person asks to send again.
    pub generation: u32,
    /// How many attempts have begun.
    pub attempt: u32,
    /// How many times it was claimed since the last attempt began.
    pub claims: u32,
    /// Counts the writes; begins at the post's version, so that `post:publishing` comes first by `seq`.
    pub version: u64,
    /// When the first attempt began.
    pub first_armed_at: Option<Timestamp>,
    /// An earlier attempt may have been published: from here on it can end as published or unconfirmed, never as failed.
    pub maybe_sent: bool,
    /// What looking at the platform came to, after an outcome that nobody knows.
    #[serde(default, skip_serializing_if = "Looks::is_none")]
    pub looks: Looks,
    /// What the platform prepared for the next attempt: a container, uploads. Its own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<String>,
    /// Where it is.
    #[serde(flatten)]
    pub state: DeliveryState,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<DeliveryError>,
}

/// A worker's right to a delivery until a point in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub owner: Worker,
    /// Until when.
    pub until: Timestamp,
}

/// Who works: one run of the ticker in one process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// The process, new at every start.
    pub process: String,
    /// The run.
    pub run: String,
}

/// Where a delivery is, with what is known there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for a worker.
    Queued {
        /// Not before.
        next_attempt_at: Timestamp,
    },
    /// A worker has it and has not begun to send.
    Preparing {
        /// Whose it is.
        lease: Lease,
    },
    /// The request may be out. Found here with a lapsed lease, its outcome is unknown.
    Armed {
        /// Whose it is.
        lease: Lease,
        /// When the attempt began.
        armed_at: Timestamp,
    },
    /// The request went out and no usable answer came: to be sent again with the same key.
    Unknown {
        /// Not before.
        next_attempt_at: Timestamp,
    },
    /// The last attempt surely did nothing; waits for the next.
    RetryWait {
        /// Not before.
        next_attempt_at: Timestamp,
    },
    /// The platform works on what the attempt needs, such as a container.
    Processing {
        /// Not before.
        next_attempt_at: Timestamp,
    },
    /// The account must be connected again first.
    WaitingAccount {
        /// When it is too late for that.
        until: Timestamp,
    },
    /// The platform has it.
    Published {
        /// Since when.
        published_at: Timestamp,
        /// The platform's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remote_id: Option<String>,
        /// Where people see it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remote_url: Option<String>,
        /// A later attempt found that an earlier one had worked.
        recovered: bool,
    },
    /// The platform does not have it.
    Failed {
        /// Since when.
        failed_at: Timestamp,
    },
    /// Nobody can tell: a person must look.
    Unconfirmed {
        /// Since when.
        unconfirmed_at: Timestamp,
    },
}

/// What looking at the platform came to, after an outcome that nobody knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    /// How many looks there were.
    pub tries: u32,
    /// How many of them saw that it is not there.
    pub not_there: u32,
    /// The one attempt that this allows was begun.
    pub resent: bool,
}

impl Looks {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether enough looks saw nothing for the delivery to be sent once more.
    pub(crate) fn allow_resend(&self) -> bool {
        self.not_there >= limits::LOOKS_NOT_THERE && !self.resent
    }
}

/// What went wrong with a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeliveryError {
    /// What kind of trouble.
    pub class: ErrorClass,
    /// A word for programs.
    pub code: String,
    /// A sentence for the author, at most 300 characters.
    pub message: String,
    /// The platform's HTTP status, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
}

/// What people are told about where a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waits for a worker.
    Queued,
    /// A worker has it, or its outcome is being confirmed.
    Publishing,
    /// The platform works on what the attempt needs.
    Processing,
    /// Waits for another attempt.
    Retrying,
    /// Waits until its account is connected again.
    WaitingAccount,
    /// The platform has it.
    Published,
    /// The platform does not have it.
    Failed,
    /// Nobody can tell.
    Unconfirmed,
}

impl Delivery {
    /// What people are told about where it is.
    pub fn status(&self) -> DeliveryStatus {
        match self.state {
            DeliveryState::Queued { .. } => DeliveryStatus::Queued,
            DeliveryState::Preparing { .. } if self.is_reserved() => DeliveryStatus::Queued,
            DeliveryState::Preparing { .. }
            | DeliveryState::Armed { .. }
            | DeliveryState::Unknown { .. } => DeliveryStatus::Publishing,
            DeliveryState::RetryWait { .. } => DeliveryStatus::Retrying,
            DeliveryState::Processing { .. } => DeliveryStatus::Processing,
            DeliveryState::WaitingAccount { .. } => DeliveryStatus::WaitingAccount,
            DeliveryState::Published { .. } => DeliveryStatus::Published,
            DeliveryState::Failed { .. } => DeliveryStatus::Failed,
            DeliveryState::Unconfirmed { .. } => DeliveryStatus::Unconfirmed,
        }
    }

    /// Whether nothing happens to it any more.
    pub fn is_over(&self) -> bool {
        matches!(
            self.status(),
            DeliveryStatus::Published | DeliveryStatus::Failed | DeliveryStatus::Unconfirmed
        )
    }

    /// Whether the outcome of its last attempt is being found out.
    pub fn is_confirming(&self) -> bool {
        match self.state {
            DeliveryState::Unknown { .. } => true,
            DeliveryState::Preparing { .. } => self.maybe_sent,
            _ => false,
        }
    }

    /// When the ticker should look at it: its next attempt, or the end of its lease. Nothing when it is over.
    pub fn due_at(&self) -> Option<Timestamp> {
        match &self.state {
            DeliveryState::Queued { next_attempt_at }
            | DeliveryState::Unknown { next_attempt_at }
            | DeliveryState::RetryWait { next_attempt_at }
            | DeliveryState::Processing { next_attempt_at } => Some(*next_attempt_at),
            DeliveryState::WaitingAccount { until } => Some(*until),
            DeliveryState::Preparing { lease } | DeliveryState::Armed { lease, .. } => {
                Some(lease.until)
            }
            DeliveryState::Published { .. }
            | DeliveryState::Failed { .. }
            | DeliveryState::Unconfirmed { .. } => None,
        }
    }

    /// The latest that it may go out.
    pub(crate) fn publish_by(&self, settings: &Settings) -> Timestamp {
        self.publish_by.unwrap_or_else(|| settings.publish_by(self.scheduled_at))
    }

    /// Whether `at` is too late for it to go out.
    pub(crate) fn too_late(&self, at: Timestamp, settings: &Settings) -> bool {
        at > self.publish_by(settings)
    }

    /// The same delivery in another state, one version later.
    pub(crate) fn moved(&self, state: DeliveryState) -> Self {
        Self { state, version: self.version + 1, ..self.clone() }
    }
}

/// The id of the delivery of a post's content to an account: the same inputs, the same id.
pub fn delivery_id(post: &PostId, account: &AccountId, content_rev: u64) -> DeliveryId {
    let hash = digest(&[post.as_str(), account.as_str(), &content_rev.to_string()]);
    DeliveryId::derived(format!("dlv_{}", &hash[..24]))
}

/// The key of every automatic attempt of a delivery's generation, 24 characters.
pub fn idem_key(delivery: &DeliveryId, generation: u32) -> String {
    digest(&[delivery.as_str(), &generation.to_string()])[..24].to_owned()
}

/// SHA-256 in hexadecimal over length-prefixed parts, so that no two lists of parts run together.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_keys_follow_from_what_they_name() {
        let (post, account) = (PostId::parse("p").unwrap(), AccountId::parse("a").unwrap());
        let id = delivery_id(&post, &account, 1);
        assert_eq!(id, delivery_id(&post, &account, 1));
        assert_ne!(id, delivery_id(&post, &account, 2));
        assert_ne!(
            delivery_id(&PostId::parse("pa").unwrap(), &AccountId::parse("b").unwrap(), 1),
            delivery_id(&post, &AccountId::parse("ab").unwrap(), 1)
        );
        assert_ne!(idem_key(&id, 0), idem_key(&id, 1));
        assert!(idem_key(&id, 0).len() <= 25);
    }
}
