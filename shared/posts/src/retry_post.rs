//! What a person does about deliveries that failed or that nobody can tell about.

use crate::{
    Conflict, Delivery, DeliveryId, DeliveryState, DeliveryStatus, Post, Settings, Stage,
    Timestamp, When, idem_key, limits,
};

/// A post that goes on after it was over, with the deliveries that changed: before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reopened {
    /// The post.
    pub post: Post,
    /// Deliveries that there were.
    pub changed: Vec<(Delivery, Delivery)>,
    /// Deliveries that are new.
    pub added: Vec<Delivery>,
}

impl Post {
    /// Publishes the failed deliveries again. Those that are published, and those of which nobody can tell, are
    /// never touched. Fails if the post is not over, or nothing of it failed. The late limit counts from now on.
    pub fn retry(
        &self,
        deliveries: &[Delivery],
        now: Timestamp,
        settings: &Settings,
    ) -> Result<Reopened, Conflict> {
        let post = self.reopen(now)?;
        if deliveries.is_empty() {
            let Some(when) = post.when() else { return Err(Conflict::NothingFailed) };
            // The time that the author chose is history.
            let now = When { scheduled_at: now, ..when.clone() };
            let queued = |target| post.queue(target, &now, settings);
            let added = self.accounts.iter().map(queued).collect();
            return Ok(Reopened { added, changed: Vec::new(), post });
        }
        let failed = deliveries.iter().filter(|d| d.status() == DeliveryStatus::Failed);
        let changed: Vec<_> = failed
            .map(|before| (before.clone(), before.queued_again(&post, now, settings)))
            .collect();
        if changed.is_empty() {
            return Err(Conflict::NothingFailed);
        }
        Ok(Reopened { post, changed, added: Vec::new() })
    }

    /// Sends a delivery again of which nobody can tell, under a new key: it may then be there twice.
    /// Fails if the delivery is not unconfirmed, or was sent too often.
    pub fn send_again(
        &self,
        deliveries: &[Delivery],
        id: &DeliveryId,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<Reopened, Conflict> {
        let before = unconfirmed(deliveries, id)?;
        if before.generation + 1 >= limits::GENERATIONS {
            return Err(Conflict::SentTooOften);
        }
        let post = match self.stage {
            Stage::Publishing { .. } => self.noted(deliveries, now),
            _ => self.reopen(now)?,
        };
        let generation = before.generation + 1;
        let after = Delivery {
            generation,
            idem_key: idem_key(&before.id, generation),
            first_armed_at: None,
            maybe_sent: false,
            ..before.queued_again(&post, now, settings)
        };
        Ok(Reopened { post, changed: vec![(before.clone(), after)], added: Vec::new() })
    }

    /// Takes a person's word that a delivery is live. Fails if it is not unconfirmed.
    pub fn confirm(
        &self,
        deliveries: &[Delivery],
        id: &DeliveryId,
        url: Option<String>,
        now: Timestamp,
    ) -> Result<Reopened, Conflict> {
        let before = unconfirmed(deliveries, id)?;
        let after = before.published(None, url, true, now);
        let all: Vec<Delivery> = deliveries
            .iter()
            .map(|d| if d.id == *id { after.clone() } else { d.clone() })
            .collect();
        let post = self.assess(&all, now).unwrap_or_else(|| self.noted(&all, now));
        Ok(Reopened { post, changed: vec![(before.clone(), after)], added: Vec::new() })
    }

    fn reopen(&self, now: Timestamp) -> Result<Self, Conflict> {
        let when = match &self.stage {
            Stage::PartiallyPublished { when, .. } | Stage::Failed { when, .. } => when,
            Stage::Publishing { .. } => return Err(Conflict::AlreadyPublishing),
            _ => return Err(Conflict::NothingFailed),
        };
        Ok(self.moved(Stage::Publishing { when: when.clone(), started_at: now }, now))
    }

    /// The same stage, one version after everything of this post.
    fn noted(&self, deliveries: &[Delivery], now: Timestamp) -> Self {
        let newest = deliveries.iter().map(|d| d.version).fold(self.version, u64::max);
        Self { version: newest + 1, ..self.moved(self.stage.clone(), now) }
    }
}

impl Delivery {
    fn queued_again(&self, post: &Post, now: Timestamp, settings: &Settings) -> Self {
        let state = DeliveryState::Queued { next_attempt_at: now };
        Self {
            state,
            version: post.version.max(self.version + 1),
            scheduled_at: now,
            publish_by: Some(settings.publish_by(now)),
            attempt: 0,
            claims: 0,
            looks: Default::default(),
            // What was prepared then may be too old by now; nobody sees what is made anew.
            prepared: None,
            last_error: None,
            ..self.clone()
        }
    }
}

fn unconfirmed<'a>(deliveries: &'a [Delivery], id: &DeliveryId) -> Result<&'a Delivery, Conflict> {
    let found = deliveries.iter().find(|d| d.id == *id);
    found.filter(|d| d.status() == DeliveryStatus::Unconfirmed).ok_or(Conflict::NotUnconfirmed)
}
