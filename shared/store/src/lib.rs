//! The store port: who is connected, subscribed and present, and what channels remember. Each method is one verb and atomic.
//!
//! Every implementation passes [`conformance`].

pub mod conformance;
mod events;
pub mod idempotency;
mod memory;
mod rates;
mod users;

use std::future::Future;
use std::sync::Arc;

use channels::{Absence, Asked, Connection, Counts, Departed, Join, Joined, Leaving, Left, Spoken};
use protocol::{AppId, ChannelName, ConnectionId, SocketId, UserId};

pub use events::{EVENTS_PER_ANSWER, Events};
pub use idempotency::{Begun, Claim, Idempotency};
pub use memory::MemoryStore;
pub use rates::SharedRates;
pub use users::Users;

/// How long a wish may arrive late and still be known to be overtaken, milliseconds. A function of API Gateway runs for 29 s
/// at most (its integration timeout); twice that, rounded up.
pub const REORDERED_WITHIN_MS: u64 = 60_000;

/// The store could not answer. The cause is for the log, never for a client.
#[derive(Debug)]
pub struct Error(Box<dyn std::error::Error + Send + Sync>);

impl Error {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the store did not answer: {}", self.0)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// What became of a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is remembered.
    Yes,
    /// The app has as many connections as it may have; nothing changed.
    OverQuota,
}

/// A connection that is no more. Its subscriptions are still to be left, one by one, so that
/// each channel's change and what is told of it stay together.
#[derive(Debug)]
pub struct Closed {
    /// What was remembered of it.
    pub connection: Arc<Connection>,
    /// The channels to leave.
    pub channels: Vec<ChannelName>,
    /// The user whose last signed-in connection it was, if somebody watches the user. The user counts as online until
    /// [`Users::confirm_offline`] is called.
    pub user: Option<UserId>,
}

/// Who an event on a channel goes to.
#[derive(Debug, Clone)]
pub struct Subscribers {
    /// Everyone subscribed.
    pub ids: Arc<[ConnectionId]>,
    /// Who of them is left out.
    pub except: Option<ConnectionId>,
}

/// Who is connected, subscribed and present.
pub trait Store: Events + Users + Idempotency + SharedRates {
    /// Remembers an admitted connection, unless its app is over its limit.
    fn open(&self, connection: Connection) -> impl Future<Output = Result<Opened, Error>> + Send;

    /// What is remembered of a connection.
    fn connection(
        &self,
        id: &ConnectionId,
    ) -> impl Future<Output = Result<Option<Arc<Connection>>, Error>> + Send;

    /// Subscribes a connection, unless its client has asked to leave since; on presence channels the answer holds the roster
    /// as of this change.
    fn join(
        &self,
        connection: &Connection,
        join: &Join,
        asked: Asked,
    ) -> impl Future<Output = Result<Joined, Error>> + Send;

    /// Ends one subscription, of a live connection or, with [`Asked::LAST`], of a closed one; unless its client has asked to
    /// join since. After a [`Leaving::Lost`], whoever is told to be gone keeps their place until they are back or
    /// [`Store::confirm_leave`] is called.
    fn leave(
        &self,
        connection: &Connection,
        channel: &ChannelName,
        leaving: Leaving,
        asked: Asked,
    ) -> impl Future<Output = Result<Left, Error>> + Send;

    /// Ends an absence, as far as it still lasts: who was lost with that connection and did not come back is gone.
    fn confirm_leave(
        &self,
        app: &AppId,
        channel: &ChannelName,
        absence: &Absence,
    ) -> impl Future<Output = Result<Departed, Error>> + Send;

    /// Notes that a channel's number of subscriptions is to be told soon; whether it was not noted before.
    fn hold_count(
        &self,
        app: &AppId,
        channel: &ChannelName,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Takes that note away and answers the number; `None` if there was none.
    fn release_count(
        &self,
        app: &AppId,
        channel: &ChannelName,
    ) -> impl Future<Output = Result<Option<usize>, Error>> + Send;

    /// Forgets a connection: from now on it cannot join. `None`: it was not known.
    fn close(
        &self,
        id: &ConnectionId,
    ) -> impl Future<Output = Result<Option<Closed>, Error>> + Send;

    /// Whether a connection may send a client event now; counts it against its rate.
    /// `now_ms`: milliseconds since the Unix epoch.
    fn speak(
        &self,
        connection: &Connection,
        channel: &ChannelName,
        now_ms: u64,
    ) -> impl Future<Output = Result<Spoken, Error>> + Send;

    /// Everyone subscribed to a channel, and who of them the socket id names that is left out.
    fn subscribers(
        &self,
        app: &AppId,
        channel: &ChannelName,
        except: Option<SocketId>,
    ) -> impl Future<Output = Result<Subscribers, Error>> + Send;

    /// How many are on a channel.
    fn counts(
        &self,
        app: &AppId,
        channel: &ChannelName,
    ) -> impl Future<Output = Result<Counts, Error>> + Send;

    /// The occupied channels whose names begin so, in order of their names. Each is told as it was
    /// at some moment of the call.
    fn list_channels(
        &self,
        app: &AppId,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<(ChannelName, Counts)>, Error>> + Send;

    /// The distinct users on a presence channel, in order of their ids.
    fn list_users(
        &self,
        app: &AppId,
        channel: &ChannelName,
    ) -> impl Future<Output = Result<Vec<UserId>, Error>> + Send;
}
