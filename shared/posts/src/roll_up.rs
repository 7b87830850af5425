//! The end of a post, from the ends of its deliveries.

use crate::{Delivery, DeliveryStatus, FailReason, Post, Stage, Timestamp};

impl Post {
    /// The post at its end, if it is publishing and every delivery is over. The same deliveries give the same end.
    ///
    /// Its version passes those of its deliveries, so that the last event of a run has the highest `seq` of all.
    pub fn roll_up(&self, deliveries: &[Delivery], now: Timestamp) -> Option<Self> {
        match self.stage {
            Stage::Publishing { .. } => self.assess(deliveries, now),
            _ => None,
        }
    }

    /// The post in the stage that its deliveries mean, whatever stage it was in; nothing while one is not over.
    pub(crate) fn assess(&self, deliveries: &[Delivery], now: Timestamp) -> Option<Self> {
        let when = self.when()?;
        if deliveries.len() < self.accounts.len() || !deliveries.iter().all(Delivery::is_over) {
            return None;
        }
        let count = |status| deliveries.iter().filter(|d| d.status() == status).count();
        let published = count(DeliveryStatus::Published);
        let needs_review = count(DeliveryStatus::Unconfirmed) > 0;
        let (when, finished_at) = (when.clone(), now);
        let stage = if published == deliveries.len() {
            Stage::Published { when, finished_at }
        } else if published > 0 {
            Stage::PartiallyPublished { when, finished_at, needs_review }
        } else {
            Stage::Failed {
                when,
                finished_at,
                reason: reason(deliveries, needs_review),
                needs_review,
            }
        };
        let newest = deliveries.iter().map(|d| d.version).fold(self.version, u64::max);
        Some(Self { version: newest + 1, ..self.moved(stage, now) })
    }
}

fn reason(deliveries: &[Delivery], needs_review: bool) -> FailReason {
    let missed =
        |d: &Delivery| d.last_error.as_ref().is_some_and(|e| e.class == crate::ErrorClass::Missed);
    if needs_review {
        FailReason::Unconfirmed
    } else if deliveries.iter().all(missed) {
        FailReason::Missed
    } else {
        FailReason::AllFailed
    }
}
