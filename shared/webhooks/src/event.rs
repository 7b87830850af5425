//! The events as receivers read them (Pusher's "Webhooks", "Events").

use channels::Hook;
use serde::Serialize;

/// The names of all events.
pub const EVENTS: [&str; 7] = [
    "channel_occupied",
    "channel_vacated",
    "member_added",
    "member_removed",
    "client_event",
    "cache_miss",
    "subscription_count",
];

#[derive(Serialize)]
struct Event<'a> {
    name: &'static str,
    channel: &'a str,
    #[serde(flatten)]
    more: More<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum More<'a> {
    Nothing {},
    Member {
        user_id: &'a str,
    },
    Client {
        event: &'a str,
        /// Always a text: the SDK for Go reads nothing else.
        data: &'a str,
        socket_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_id: Option<&'a str>,
    },
    Count {
        subscription_count: usize,
    },
}

/// One event as JSON text.
pub fn event(hook: &Hook) -> String {
    let more = match hook {
        Hook::ChannelOccupied { .. } | Hook::ChannelVacated { .. } | Hook::CacheMiss { .. } => {
            More::Nothing {}
        }
        Hook::MemberAdded { user_id, .. } | Hook::MemberRemoved { user_id, .. } => {
            More::Member { user_id: user_id.as_str() }
        }
        Hook::ClientEvent { event, data, socket_id, user_id, .. } => More::Client {
            event: event.as_str(),
            data,
            socket_id: socket_id.to_string(),
            user_id: user_id.as_ref().map(|id| id.as_str()),
        },
        Hook::SubscriptionCount { subscription_count, .. } => {
            More::Count { subscription_count: *subscription_count }
        }
    };
    let event = Event { name: hook.name(), channel: hook.channel().as_str(), more };
    // Texts and numbers in a struct: there is nothing that JSON cannot say.
    serde_json::to_string(&event).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use protocol::{ChannelName, EventName, SocketId, UserId};

    use super::*;

    #[test]
    fn the_seven_events() {
        let channel = ChannelName::parse("presence-room").unwrap();
        let user_id = UserId::new("u1");
        let client = |user_id| Hook::ClientEvent {
            channel: channel.clone(),
            event: EventName::parse("client-typing").unwrap(),
            data: r#"{"a":1}"#.into(),
            socket_id: SocketId::from_random(12, 34),
            user_id,
        };
        let table = [
            (
                Hook::ChannelOccupied { channel: channel.clone() },
                r#"{"name":"channel_occupied","channel":"presence-room"}"#,
            ),
            (
                Hook::ChannelVacated { channel: channel.clone() },
                r#"{"name":"channel_vacated","channel":"presence-room"}"#,
            ),
            (
                Hook::MemberAdded { channel: channel.clone(), user_id: user_id.clone() },
                r#"{"name":"member_added","channel":"presence-room","user_id":"u1"}"#,
            ),
            (
                Hook::MemberRemoved { channel: channel.clone(), user_id: user_id.clone() },
                r#"{"name":"member_removed","channel":"presence-room","user_id":"u1"}"#,
            ),
            (
                client(Some(user_id)),
                r#"{"name":"client_event","channel":"presence-room","event":"client-typing","data":"{\"a\":1}","socket_id":"12.34","user_id":"u1"}"#,
            ),
            (
                client(None),
                r#"{"name":"client_event","channel":"presence-room","event":"client-typing","data":"{\"a\":1}","socket_id":"12.34"}"#,
            ),
            (
                Hook::CacheMiss { channel: channel.clone() },
                r#"{"name":"cache_miss","channel":"presence-room"}"#,
            ),
            (
                Hook::SubscriptionCount { channel, subscription_count: 3 },
                r#"{"name":"subscription_count","channel":"presence-room","subscription_count":3}"#,
            ),
        ];
        for (hook, expected) in table {
            assert_eq!(event(&hook), expected);
            assert!(EVENTS.contains(&hook.name()), "{}", hook.name());
        }
    }
}
