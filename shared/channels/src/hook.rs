//! What an application's server may want to hear of: the seven webhook events.

use protocol::{ChannelName, EventName, SocketId, UserId};
use serde::{Deserialize, Serialize};

/// One event for the application's server (docs, webhooks). None is made for an app without a receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hook {
    /// The channel has its first subscription.
    ChannelOccupied {
        /// The channel.
        channel: ChannelName,
    },
    /// The channel's last subscription ended, and none came back.
    ChannelVacated {
        /// The channel.
        channel: ChannelName,
    },
    /// A user's first connection joined a presence channel.
    MemberAdded {
        /// The channel.
        channel: ChannelName,
        /// Who.
        user_id: UserId,
    },
    /// A user's last connection left a presence channel, and none came back.
    MemberRemoved {
        /// The channel.
        channel: ChannelName,
        /// Who.
        user_id: UserId,
    },
    /// A client sent an event.
    ClientEvent {
        /// The channel.
        channel: ChannelName,
        /// The event's name.
        event: EventName,
        /// The data as text: a string's content, or any other JSON as it was written.
        data: String,
        /// The sender.
        socket_id: SocketId,
        /// The sender's user, on presence channels only.
        user_id: Option<UserId>,
    },
    /// Somebody subscribed to a cache channel that holds no event. Once, until one is published.
    CacheMiss {
        /// The channel.
        channel: ChannelName,
    },
    /// The number of subscriptions changed.
    SubscriptionCount {
        /// The channel.
        channel: ChannelName,
        /// How many there are now.
        subscription_count: usize,
    },
}

impl Hook {
    /// Its name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ChannelOccupied { .. } => "channel_occupied",
            Self::ChannelVacated { .. } => "channel_vacated",
            Self::MemberAdded { .. } => "member_added",
            Self::MemberRemoved { .. } => "member_removed",
            Self::ClientEvent { .. } => "client_event",
            Self::CacheMiss { .. } => "cache_miss",
            Self::SubscriptionCount { .. } => "subscription_count",
        }
    }

    /// The channel it is about.
    pub fn channel(&self) -> &ChannelName {
        match self {
            Self::ChannelOccupied { channel }
            | Self::ChannelVacated { channel }
            | Self::MemberAdded { channel, .. }
            | Self::MemberRemoved { channel, .. }
            | Self::ClientEvent { channel, .. }
            | Self::CacheMiss { channel }
            | Self::SubscriptionCount { channel, .. } => channel,
        }
    }
}
