//! What the rules know of a platform: how safe a second try is, what one call gets, what one call says.

use std::fmt;
use std::future::{Future, ready};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Account, Content, Credentials, DeliveryId, ErrorClass, FieldError, Granted, LimitsRead,
    NewAccount, OAuthAsk, OAuthGrant, OAuthRefusal, Post, Refreshed, Secret, Timestamp,
};

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
    /// Whether reading back can be what follows an unknown outcome.
    pub fn can_be_read(self) -> bool {
        matches!(self, Self::IdempotentFor(_) | Self::Verifiable)
    }

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
    /// Its key, or its access token as it is now.
    pub secret: &'a Secret,
    /// At most 25 characters; the same for every automatic attempt of one delivery.
    pub idem_key: &'a str,
    /// The payload, frozen as JSON text at the first attempt.
    pub payload: &'a str,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The time of the attempt, in seconds since 1970 UTC.
    pub at_s: u64,
    /// The time of the first attempt, in seconds since 1970 UTC: nothing of this delivery is older.
    pub since_s: u64,
    /// What [`PublishTo::prepare`] made before: a container's id, ids of uploads. The platform's own text.
    pub prepared: Option<&'a str>,
    /// Its pictures, in order.
    pub media: &'a [Attachment],
}

/// What is known of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Picture {
    /// Its type by its first bytes, such as `image/png`.
    pub mime: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// What it shows, in words.
    pub alt: String,
}

/// A picture, with what it takes to send it.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What is known of it.
    pub picture: Picture,
    /// Its bytes, the same for every attempt.
    pub bytes: Vec<u8>,
    /// Where platforms that fetch pictures themselves get ours; must work for an hour.
    pub url: Option<String>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({:?})", self.picture)
    }
}

/// What can be done before the irreversible call: uploads, containers. Nobody sees any of it, so it can be
/// done again freely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// The call can be made, with this text as [`Request::prepared`].
    Ready(Option<String>),
    /// The platform still works on it: look again later with this text.
    Processing {
        /// What the next look needs.
        state: String,
        /// The platform's hint when to come back, in seconds.
        retry_after_s: Option<u64>,
    },
    /// It did not work. `Published` and `Unknown` cannot come of preparing.
    Failed(Answer),
}

/// An outcome, and what the answer said about the platform's limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the call came to.
    pub outcome: Outcome,
    /// Calls that must wait from now on.
    pub gate: Option<Gate>,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, gate: None }
    }
}

/// A limit that is reached, or nearly: calls wait until it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Whose calls wait.
    pub scope: GateScope,
    /// For how long from now, in seconds.
    pub for_s: u64,
}

/// Whose calls a gate holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateScope {
    /// Those of the account.
    Account,
    /// Those of every account of the platform: the limit is the app's.
    App,
}

/// What reading an account's posts back came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadBack {
    /// Posts that match, the likeliest first. One that belongs to another delivery is not it.
    Found(Vec<Remote>),
    /// The account was read, and it is not there.
    NotThere,
    /// The account could not be read.
    Unreadable {
        /// A sentence for the log.
        message: String,
    },
}

/// A post as a platform has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The platform's id of it.
    pub id: String,
    /// Where people can see it.
    pub url: Option<String>,
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

    /// What is wrong with a text, and with pictures if they are known, in a place. Some platforms want at least one.
    fn check_content(&self, _: &Content<'_>) -> Vec<FieldError> {
        Vec::new()
    }

    /// Asks an account's server what it takes.
    fn server_limits(
        &self,
        _: &Account,
        _now: Timestamp,
    ) -> impl Future<Output = LimitsRead> + Send {
        ready(LimitsRead::NoOwn)
    }

    /// Whether the platform fetches pictures itself, from a public address, instead of taking their bytes.
    fn fetches(&self, _platform: &str) -> bool {
        false
    }

    /// The payload of a delivery as JSON text, to be kept and sent unchanged by every attempt.
    fn freeze(&self, platform: &str, post: &Post, delivery: &DeliveryId) -> String;

    /// Does what must be ready before the call: uploads, containers. Most platforms need nothing.
    fn prepare(&self, _: Request<'_>) -> impl Future<Output = Prepared> + Send {
        ready(Prepared::Ready(None))
    }

    /// Makes one attempt, the irreversible call. The account names the platform.
    fn publish(&self, request: Request<'_>) -> impl Future<Output = Answer> + Send;

    /// Looks whether an earlier attempt of the same request was published. It changes nothing.
    fn read_back(&self, _: Request<'_>) -> impl Future<Output = ReadBack> + Send {
        ready(ReadBack::Unreadable { message: "This platform cannot be read back.".to_owned() })
    }

    /// Asks the platform for new tokens. Never at once for one account: a refresh token may work only once.
    fn refresh(
        &self,
        _: &Account,
        _: &Credentials,
        _now: Timestamp,
    ) -> impl Future<Output = Refreshed> + Send {
        ready(Refreshed::NotOffered)
    }

    /// Opens an account with what a person gave, and finds out whose it is. A password becomes a session here. Fails with
    /// what the person has to change.
    fn sign_in(
        &self,
        new: &NewAccount,
        _now: Timestamp,
    ) -> impl Future<Output = Result<Granted, Vec<FieldError>>> + Send {
        ready(Ok(Granted {
            remote_id: new.remote_id.clone(),
            name: new.name.clone(),
            url: new.url.clone(),
            credentials: Credentials::Key { key: new.secret.clone() },
        }))
    }

    /// Registers this server with an instance of the platform, where that comes before people are asked. Nothing where
    /// the operator registers it once for all. What it gives is kept secret, and used for that instance again.
    fn register(
        &self,
        _platform: &str,
        _instance: &str,
        _redirect_uri: &str,
        _now: Timestamp,
    ) -> impl Future<Output = Result<Option<Secret>, OAuthRefusal>> + Send {
        ready(Ok(None))
    }

    /// Where a person grants access.
    fn authorize_url(&self, _platform: &str, _: OAuthAsk<'_>) -> Result<String, OAuthRefusal> {
        Err(OAuthRefusal::NotOffered)
    }

    /// Turns what the platform sent back into the accounts that it gives access to, at least one.
    fn exchange(
        &self,
        _platform: &str,
        _: OAuthGrant<'_>,
    ) -> impl Future<Output = Result<Vec<Granted>, OAuthRefusal>> + Send {
        ready(Err(OAuthRefusal::NotOffered))
    }
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
