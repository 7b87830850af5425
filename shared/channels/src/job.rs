//! What is looked at again later. A job is data, so that a timer, or a queue with a delay, can keep it.

use std::time::Duration;

use protocol::{AppId, ChannelName, ConnectionId, UserId};
use serde::{Deserialize, Serialize};

use crate::Absence;

/// How long an absence lasts before the others are told. Pusher delays its webhooks by up to 3 s
/// (docs, webhooks); here a reload of a page is hidden from the members as well.
pub const CONFIRM_LEAVE: Duration = Duration::from_secs(3);

/// Something to look at again. Running one late, twice or never again needed does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Is whoever left a channel by a lost connection back?
    ConfirmLeave {
        /// The channel's app.
        app: AppId,
        /// The channel.
        channel: ChannelName,
        /// Who was lost.
        absence: Absence,
    },
    /// Is a user whose last signed-in connection was lost back?
    ConfirmOffline {
        /// The user's app.
        app: AppId,
        /// Who.
        user: UserId,
        /// The connection that was lost: it names this absence.
        connection: ConnectionId,
    },
    /// Has a connection signed in, or joined a channel that needs authorization?
    Authorize {
        /// The connection.
        connection: ConnectionId,
    },
    /// Tell a busy channel its number of subscriptions.
    TellCount {
        /// The channel's app.
        app: AppId,
        /// The channel.
        channel: ChannelName,
    },
}
