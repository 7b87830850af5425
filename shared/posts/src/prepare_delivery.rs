//! What keeps a delivery from its attempt: a gate, a platform that still works, an account that is not connected.

use std::time::Duration;

use crate::{
    Delivery, DeliveryState, ErrorClass, Jitter, Outcome, Settings, Timestamp, WrongState, limits,
};

/// How soon a container is looked at again, unless the platform says otherwise: the next run.
const PROCESSING_WAIT: Duration = Duration::from_secs(15);

impl Delivery {
    /// The delivery while its platform prepares what the attempt needs. Fails if it is not being prepared.
    pub fn processing(
        &self,
        prepared: String,
        retry_after_s: Option<u64>,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<Self, WrongState> {
        let DeliveryState::Preparing { .. } = self.state else { return Err(WrongState) };
        let wait = retry_after_s.map_or(PROCESSING_WAIT, Duration::from_secs);
        let next_attempt_at = now.plus(wait);
        let kept = Self { claims: 0, prepared: Some(prepared), ..self.clone() };
        if self.too_late(next_attempt_at, settings) {
            let message = "The platform took too long to prepare it.";
            let error = kept.failing(ErrorClass::PlatformUnavailable, "processing", message, None);
            return Ok(error.give_up(now));
        }
        Ok(kept.moved(DeliveryState::Processing { next_attempt_at }))
    }

    /// The delivery after what precedes its attempt did not work. Nothing of it is visible, so only a final
    /// refusal ends it. Fails if it is not being prepared.
    pub fn not_prepared(
        &self,
        outcome: Outcome,
        jitter: Jitter,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<Self, WrongState> {
        let DeliveryState::Preparing { .. } = self.state else { return Err(WrongState) };
        let tried = Self { attempt: self.attempt + 1, claims: 0, ..self.clone() };
        let again = |class, message: &str, hint| {
            let error = tried.failing(class, "not_prepared", message, None);
            error.retry(tried.wait(jitter, hint), now, settings)
        };
        Ok(match outcome {
            Outcome::Refused { class: ErrorClass::Auth, message, http_status } => {
                let error = self.failing(ErrorClass::Auth, "refused", &message, http_status);
                error.wait_for_account(now, settings)
            }
            Outcome::Refused { class, message, http_status } => {
                self.failing(class, "refused", &message, http_status).give_up(now)
            }
            Outcome::NotSent { class, message, retry_after_s } => {
                again(class, &message, retry_after_s)
            }
            Outcome::RateLimited { retry_after_s, message } => {
                let error = self.failing(ErrorClass::RateLimited, "rate_limited", &message, None);
                error.retry(tried.wait(jitter, retry_after_s), now, settings)
            }
            Outcome::Unknown { message } => again(ErrorClass::Network, &message, None),
            Outcome::Published { .. } => {
                again(ErrorClass::Internal, "The platform answered what nobody asked.", None)
            }
        })
    }

    /// The delivery held back until `until`, because a limit of its account or of the app is reached.
    /// Nothing if it does not wait for an attempt.
    pub fn held(&self, until: Timestamp, now: Timestamp, settings: &Settings) -> Option<Self> {
        match self.state {
            DeliveryState::Queued { .. }
            | DeliveryState::RetryWait { .. }
            | DeliveryState::Processing { .. } => {}
            DeliveryState::Preparing { .. } if self.is_reserved() => {}
            _ => return None,
        }
        let message = "The platform's limit is reached; it is published when the limit allows.";
        let held = self.failing(ErrorClass::RateLimited, "rate_limited", message, None);
        if self.too_late(until, settings) {
            return Some(held.give_up(now));
        }
        let next_attempt_at = until.max(now);
        Some(held.moved(match self.state {
            DeliveryState::Processing { .. } => DeliveryState::Processing { next_attempt_at },
            _ => DeliveryState::RetryWait { next_attempt_at },
        }))
    }

    /// The delivery waiting for its account, which must be connected again. Fails if it is not being prepared.
    pub fn without_account(&self, now: Timestamp, settings: &Settings) -> Result<Self, WrongState> {
        let DeliveryState::Preparing { .. } = self.state else { return Err(WrongState) };
        let message = "The account must be connected again before this can be published.";
        let error = self.failing(ErrorClass::Auth, "needs_reauth", message, None);
        Ok(Self { claims: 0, ..error }.wait_for_account(now, settings))
    }

    /// The delivery after its account was connected again. Nothing if it does not wait for that.
    pub fn reconnected(&self, now: Timestamp) -> Option<Self> {
        let DeliveryState::WaitingAccount { .. } = self.state else { return None };
        Some(self.moved(DeliveryState::Queued { next_attempt_at: now }))
    }
}

// A look comes before the late limit can have moved it out of reach.
const _: () = assert!(PROCESSING_WAIT.as_secs() < limits::LEASE.as_secs());
