//! What the rules know of a platform: how safe a second try is, what one call gets, what one call says.

use std::future::Future;
use std::time::Duration;

use crate::{Account, DeliveryId, ErrorClass, FieldError, NewAccount, Post, Secret, Timestamp};

/// What a platform offers against publishing twice. It decides what follows an unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The same key again is the same post, at any time.
    Idempotent,
    /// The same key again is the same post, for this long after the first attempt.
    IdempotentFor(Duration),
    /// Not idempotent, but what was published can be read back.
    Verifiable,
    /// Neither: nobody but a person can tell.
    Opaque,
}

/// What may follow an outcome that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterUnknown {
    /// Send the frozen payload again with the same key.
    Resend,
    /// Read back what the account published.
    ReadBack,
    /// Stop and tell the author to look.
    Unconfirmed,
}

impl Class {
    /// What may follow an unknown outcome at `now`, when the first attempt began at `first_armed_at`.
    pub fn after_unknown(self, first_armed_at: Timestamp, now: Timestamp) -> AfterUnknown {
        match self {
            Self::Idempotent => AfterUnknown::Resend,
            Self::IdempotentFor(window) if now.since(first_armed_at) < window => {
                AfterUnknown::Resend
            }
            Self::IdempotentFor(_) | Self::Verifiable => AfterUnknown::ReadBack,
            Self::Opaque => AfterUnknown::Unconfirmed,
        }
    }
}

/// One call to a platform: publish this payload to that account.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The account to publish to.
    pub account: &'a Account,
    /// Its secret.
    pub secret: &'a Secret,
    /// At most 25 characters; the same for every automatic attempt of one delivery.
    pub idem_key: &'a str,
    /// The payload, frozen as JSON text at the first attempt.
    pub payload: &'a str,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The time of the attempt, in seconds since 1970 UTC.
    pub at_s: u64,
}

/// What one call to a platform came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is published.
    Published {
        /// The platform's id of it.
        remote_id: Option<String>,
        /// Where people can see it.
        remote_url: Option<String>,
    },
    /// The request surely did nothing: it can be tried again freely.
    NotSent {
        /// What kind of trouble.
        class: ErrorClass,
        /// A sentence for the author.
        message: String,
        /// The platform's hint when to come back, in seconds.
        retry_after_s: Option<u64>,
    },
    /// The platform refused it for good.
    Refused {
        /// What kind of trouble.
        class: ErrorClass,
        /// A sentence for the author.
        message: String,
        /// The HTTP status, if there was one.
        http_status: Option<u16>,
    },
    /// Too many requests; nothing was published. Does not count as an attempt.
    RateLimited {
        /// The platform's hint when to come back, in seconds.
        retry_after_s: Option<u64>,
        /// A sentence for the author.
        message: String,
    },
    /// The request went out and no usable answer came: it may be published or not.
    Unknown {
        /// A sentence for the author.
        message: String,
    },
}

/// The platforms that posts go to, by name.
pub trait PublishTo: Send + Sync + 'static {
    /// How safe a second try is on this platform; nothing if there is no such platform.
    fn class(&self, platform: &str) -> Option<Class>;

    /// What is wrong with an account that someone wants to connect. An unknown platform is wrong too.
    fn check(&self, account: &NewAccount) -> Vec<FieldError>;

    /// What is wrong with a text for this platform.
    fn check_text(&self, platform: &str, text: &str) -> Option<FieldError>;

    /// The payload of a delivery as JSON text, to be kept and sent unchanged by every attempt.
    fn freeze(&self, platform: &str, post: &Post, delivery: &DeliveryId) -> String;

    /// Makes one attempt. The account names the platform.
    fn publish(&self, request: Request<'_>) -> impl Future<Output = Outcome> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_an_unknown_outcome_depends_on_the_class() {
        let first = Timestamp::from_ms(1_000_000);
        let hour = Duration::from_secs(3600);
        let cases = [
            (Class::Idempotent, hour * 100, AfterUnknown::Resend),
            (Class::IdempotentFor(hour), hour - Duration::from_millis(1), AfterUnknown::Resend),
            (Class::IdempotentFor(hour), hour, AfterUnknown::ReadBack),
            (Class::Verifiable, Duration::ZERO, AfterUnknown::ReadBack),
            (Class::Opaque, Duration::ZERO, AfterUnknown::Unconfirmed),
        ];
        for (class, later, expected) in cases {
            assert_eq!(
                class.after_unknown(first, first.plus(later)),
                expected,
                "{class:?} {later:?}"
            );
        }
    }
}
