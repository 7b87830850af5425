//! Every limit of the protocol, with its source. "Docs" is Pusher's Channels documentation.

/// Longest channel name in characters. Docs say 164, every SDK allows 200; we accept what the SDKs send.
pub const CHANNEL_NAME_CHARS: usize = 200;
/// Longest event name in characters (docs, HTTP API).
pub const EVENT_NAME_CHARS: usize = 200;
/// Largest event data in bytes unless the app says otherwise (docs, HTTP API: 10 KB).
pub const EVENT_DATA_BYTES: usize = 10_240;
/// Most channels one trigger may name (docs, HTTP API).
pub const CHANNELS_PER_TRIGGER: usize = 100;
/// Client events a connection may send in one second (docs, client events).
pub const CLIENT_EVENTS_PER_SECOND: u32 = 10;
/// Most members of a presence channel (docs, presence channels).
pub const PRESENCE_MEMBERS: usize = 100;
/// Longest user id of a presence member in characters (docs, presence channels).
pub const USER_ID_CHARS: usize = 128;
/// Largest `user_info` of a presence member in bytes of JSON (docs, presence channels: 1 KB).
pub const USER_INFO_BYTES: usize = 1_024;
/// Most users on a watchlist (docs, watchlist events).
pub const WATCHLIST: usize = 100;
/// Largest roster in one frame, bytes. Ours: below API Gateway's 128 KB per message, with room for the rest.
pub const ROSTER_BYTES: usize = 100 * 1024;
/// Longest watchlist that may be configured. Ours: bounds memory per connection.
pub const WATCHLIST_MOST: usize = 10_000;
/// Smallest bound of a roster that may be configured, bytes. Ours: room for a few members.
pub const ROSTER_BYTES_LEAST: usize = 1_024;
/// Seconds in which connections may be told to authorize themselves. Ours.
pub const AUTHORIZE_S: std::ops::RangeInclusive<u32> = 1..=3_600;
/// Seconds that a cache channel keeps its last event (docs, cache channels: up to 30 minutes).
pub const CACHE_TTL_S: u64 = 30 * 60;
/// Subscriptions up to which every change is told; above it is told now and then (docs, subscription counting).
pub const COUNTS_TOLD_AT_ONCE: usize = 100;
/// Seconds between two counts of a channel above that (docs, subscription counting).
pub const COUNT_INTERVAL_S: u64 = 5;
/// Most events that a channel's history may be configured to keep. Ours: bounds memory per channel.
pub const HISTORY_EVENTS: usize = 10_000;
/// Longest time that a history may be configured to keep an event, seconds. Ours: a day.
pub const HISTORY_AGE_S: u32 = 24 * 60 * 60;
/// Seconds after a forced end of a user's connections in which that user cannot sign in. Ours: a client that
/// comes back by itself, because its transport knows no close codes, stays out.
pub const DENIED_S: u64 = 30;
/// Seconds of silence after which a client should ping (docs, `activity_timeout`).
pub const ACTIVITY_TIMEOUT_S: u64 = 120;
/// Seconds a peer has to answer a ping (docs, WebSocket protocol).
pub const PONG_TIMEOUT_S: u64 = 30;
/// Oldest and newest protocol versions we speak (docs, WebSocket protocol).
pub const PROTOCOL_VERSIONS: std::ops::RangeInclusive<u32> = 5..=7;
/// Largest message from a client in bytes (API Gateway quotas: 128 KB per message).
pub const CLIENT_MESSAGE_BYTES: usize = 128 * 1024;
/// Largest `#` of channels one connection may be subscribed to. Ours: bounds memory per connection.
pub const CHANNELS_PER_CONNECTION: usize = 1_000;
/// Seconds a signed HTTP request stays valid, both ways (docs, HTTP API).
pub const REQUEST_AGE_S: u64 = 600;
