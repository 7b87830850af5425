//! The single point of no return: a worker claims a due post.

use crate::{
    Delivery, DeliveryState, FailReason, Looks, Post, Settings, Stage, Target, Timestamp, When,
    delivery_id, idem_key, limits,
};

/// What a claim comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostClaim {
    /// It is not waiting, or not due.
    NotDue,
    /// It is due, but so late that it must not go out any more.
    Missed(Post),
    /// It is publishing now, with one delivery for each account.
    Taken(Post, Vec<Delivery>),
}

impl Post {
    /// Claims the post if it is due at `now`. The settings are those of its workspace; its deliveries keep the late limit.
    pub fn claim(&self, now: Timestamp, settings: &Settings) -> PostClaim {
        let Stage::Scheduled { when } = &self.stage else { return PostClaim::NotDue };
        if when.scheduled_at > now {
            return PostClaim::NotDue;
        }
        if now > settings.publish_by(when.scheduled_at) {
            let when = when.clone();
            let reason = FailReason::Missed;
            let stage = Stage::Failed { when, finished_at: now, reason, needs_review: false };
            return PostClaim::Missed(self.moved(stage, now));
        }
        let post = self.moved(Stage::Publishing { when: when.clone(), started_at: now }, now);
        let deliveries =
            self.accounts.iter().map(|target| post.queue(target, when, settings)).collect();
        PostClaim::Taken(post, deliveries)
    }

    pub(crate) fn queue(&self, target: &Target, when: &When, settings: &Settings) -> Delivery {
        let id = delivery_id(&self.id, &target.account_id, self.content_rev);
        Delivery {
            idem_key: idem_key(&id, 0),
            id,
            post_id: self.id.clone(),
            workspace_id: self.workspace_id.clone(),
            account_id: target.account_id.clone(),
            platform: target.platform.clone(),
            scheduled_at: when.scheduled_at,
            publish_by: Some(settings.publish_by(when.scheduled_at)),
            generation: 0,
            attempt: 0,
            claims: 0,
            version: self.version,
            first_armed_at: None,
            maybe_sent: false,
            looks: Looks::default(),
            prepared: None,
            state: DeliveryState::Queued { next_attempt_at: when.scheduled_at },
            last_error: None,
        }
    }

    /// When the ticker should look at the post: at its time; while publishing and at the end again later,
    /// should the roll-up or its announcement have been lost.
    pub fn due_at(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Draft | Stage::PendingApproval { .. } | Stage::Cancelled { .. } => None,
            Stage::Scheduled { when } => Some(when.scheduled_at),
            Stage::Publishing { started_at, .. } => Some(started_at.plus(limits::ROLL_UP_AGAIN)),
            Stage::Published { finished_at, .. }
            | Stage::PartiallyPublished { finished_at, .. }
            | Stage::Failed { finished_at, .. } => Some(finished_at.plus(limits::ANNOUNCE_AGAIN)),
        }
    }
}
