//! What follows from a platform's answer.

use std::time::Duration;

use crate::claim_delivery::shorten;
use crate::{
    Class, Delivery, DeliveryError, DeliveryState, ErrorClass, Looks, Outcome, Settings, Timestamp,
    WrongState, limits,
};

/// Waits after the first, second, … attempt. Source: the retry schedule, 1, 2, 5, 15 and 30 minutes.
const DELAYS: [Duration; 5] = [
    Duration::from_secs(60),
    Duration::from_secs(2 * 60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(30 * 60),
];

/// What stretches a wait, so that retries of many posts spread: 0.8 to 1.2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jitter(f64);

impl Jitter {
    /// From a random number of 0 to 1.
    pub fn from_unit(unit: f64) -> Self {
        Self(0.8 + 0.4 * unit.clamp(0.0, 1.0))
    }
}

impl Delivery {
    /// The delivery after an attempt came to `outcome`. Fails if no attempt was under way.
    pub fn settle(
        &self,
        outcome: Outcome,
        class: Class,
        jitter: Jitter,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<Self, WrongState> {
        let DeliveryState::Armed { armed_at, .. } = self.state else { return Err(WrongState) };
        Ok(match outcome {
            Outcome::Published { remote_id, remote_url } => {
                self.published(remote_id, remote_url, false, now)
            }
            Outcome::Refused { class: ErrorClass::Duplicate, .. } if self.maybe_sent => {
                self.published(None, None, true, now)
            }
            Outcome::Refused { class: ErrorClass::Auth, message, http_status } => {
                let error = self.failing(ErrorClass::Auth, "refused", &message, http_status);
                error.wait_for_account(now, settings)
            }
            Outcome::Refused { class, message, http_status } => {
                self.failing(class, "refused", &message, http_status).give_up(now)
            }
            Outcome::NotSent { class, message, retry_after_s } => {
                let wait = self.wait(jitter, retry_after_s);
                let error = self.not_resent().failing(class, "not_sent", &message, None);
                error.retry(wait, now, settings)
            }
            Outcome::RateLimited { retry_after_s, message } => {
                let wait = self.wait(jitter, retry_after_s);
                let attempt = self.attempt.saturating_sub(1);
                let uncounted = Self { attempt, ..self.not_resent() };
                let error =
                    uncounted.failing(ErrorClass::RateLimited, "rate_limited", &message, None);
                error.retry(wait, now, settings)
            }
            Outcome::Unknown { message } => {
                self.lost(&message).after_lost(class, armed_at, now, settings)
            }
        })
    }

    /// Ends a delivery whose attempt cannot begin, for a reason on our side. Fails if it is not being prepared.
    pub fn abandon(
        &self,
        class: ErrorClass,
        message: &str,
        now: Timestamp,
    ) -> Result<Self, WrongState> {
        let DeliveryState::Preparing { .. } = self.state else { return Err(WrongState) };
        Ok(self.failing(class, "not_begun", message, None).give_up(now))
    }

    /// Waits until the account is connected again, as long as that makes sense.
    pub(crate) fn wait_for_account(&self, now: Timestamp, settings: &Settings) -> Self {
        let until = self.publish_by(settings);
        if self.maybe_sent || until <= now {
            return self.give_up(now);
        }
        self.moved(DeliveryState::WaitingAccount { until })
    }

    /// The one attempt that two looks allowed did surely nothing, so it is still allowed.
    fn not_resent(&self) -> Self {
        Self { looks: Looks { resent: false, ..self.looks.clone() }, ..self.clone() }
    }

    pub(crate) fn published(
        &self,
        id: Option<String>,
        url: Option<String>,
        recovered: bool,
        now: Timestamp,
    ) -> Self {
        let clip =
            |text: Option<String>, chars: usize| text.filter(|text| text.chars().count() <= chars);
        let state = DeliveryState::Published {
            published_at: now,
            remote_id: clip(id, limits::REMOTE_ID_CHARS),
            remote_url: clip(url, limits::REMOTE_URL_CHARS),
            recovered,
        };
        Self { last_error: None, ..self.moved(state) }
    }

    pub(crate) fn failing(
        &self,
        class: ErrorClass,
        code: &str,
        message: &str,
        http_status: Option<u16>,
    ) -> Self {
        let error =
            DeliveryError { class, code: code.to_owned(), message: shorten(message), http_status };
        Self { last_error: Some(error), ..self.clone() }
    }

    pub(crate) fn wait(&self, jitter: Jitter, hint_s: Option<u64>) -> Duration {
        let nth = usize::try_from(self.attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let delay = DELAYS[nth.min(DELAYS.len() - 1)].mul_f64(jitter.0);
        delay.max(Duration::from_secs(hint_s.unwrap_or(0)))
    }

    pub(crate) fn retry(&self, wait: Duration, now: Timestamp, settings: &Settings) -> Self {
        let next_attempt_at = now.plus(wait);
        if self.attempt >= limits::ATTEMPTS || self.too_late(next_attempt_at, settings) {
            return self.give_up(now);
        }
        // After an outcome that nobody knows, the next attempt is still a resend.
        self.moved(if self.maybe_sent {
            DeliveryState::Unknown { next_attempt_at }
        } else {
            DeliveryState::RetryWait { next_attempt_at }
        })
    }

    fn after_lost(
        &self,
        class: Class,
        armed_at: Timestamp,
        now: Timestamp,
        settings: &Settings,
    ) -> Self {
        let next_attempt_at = armed_at.plus(limits::UNKNOWN_WAIT).max(now);
        let goes_on = self.may_resend(class, next_attempt_at, settings)
            || self.can_be_read(class, next_attempt_at);
        if goes_on {
            self.moved(DeliveryState::Unknown { next_attempt_at })
        } else {
            self.give_up(now)
        }
    }
}
