//! What we may say. Which events carry `data` as a JSON string and which as an object follows
//! what Pusher sends, because native clients are less forgiving than pusher-js.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::roster::presence;
use crate::{ChannelName, Fault, Member, Roster, Serial, SocketId, UserId};

/// The text of one message, encoded once and shared by all its receivers.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    /// The bytes of the JSON text, valid UTF-8.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// A message to clients.
#[derive(Debug)]
pub enum ServerFrame<'a> {
    /// The first message of an admitted connection.
    ConnectionEstablished {
        /// The id that clients sign with.
        socket_id: SocketId,
        /// Seconds of silence after which the client pings.
        activity_timeout_s: u64,
    },
    /// A refusal.
    Error(&'a Fault),
    /// The answer to `pusher:ping`.
    Pong,
    /// Our own ping.
    Ping,
    /// The subscription stands; on presence channels with the roster.
    SubscriptionSucceeded {
        /// The channel.
        channel: &'a ChannelName,
        /// Who is there, the subscriber included.
        roster: Option<&'a Roster>,
    },
    /// The subscription was refused: lets applications bind an error on the channel.
    SubscriptionError {
        /// The channel's name as the client wrote it.
        channel: &'a str,
        /// `AuthError` or `LimitReached`.
        kind: &'a str,
        /// The reason.
        error: &'a str,
        /// An HTTP-like status.
        status: u16,
    },
    /// A user came to a presence channel.
    MemberAdded(&'a ChannelName, &'a Member),
    /// A user left a presence channel.
    MemberRemoved(&'a ChannelName, &'a UserId),
    /// An event of a publisher or of another client.
    Event {
        /// The channel.
        channel: &'a ChannelName,
        /// The event's name.
        event: &'a str,
        /// What it says.
        data: Option<Data<'a>>,
        /// The sender, if it is a client on a presence channel; never the sender's word.
        user_id: Option<&'a UserId>,
        /// Its place in the channel's history, if the channel has one. Pusher's clients ignore it.
        serial: Option<Serial>,
    },
    /// The sign-in stands.
    SigninSuccess {
        /// The signed text, exactly as it came: the client checks it.
        user_data: &'a str,
    },
    /// Users of a watchlist came or went.
    WatchlistEvents {
        /// Who is there.
        online: &'a [UserId],
        /// Who is not.
        offline: &'a [UserId],
    },
    /// How many subscriptions a channel has.
    SubscriptionCount(&'a ChannelName, usize),
    /// A cache channel holds no event.
    CacheMiss(&'a ChannelName),
}

/// What an event says; it passes through unchanged.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub enum Data<'a> {
    /// A publisher's string, which need not be JSON.
    Text(&'a str),
    /// JSON as a client wrote it.
    Json(&'a RawValue),
}

#[derive(Serialize)]
struct Wire<'a, D> {
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<Serial>,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Hello {
    socket_id: String,
    activity_timeout: u64,
}

#[derive(Serialize)]
struct Error<'a> {
    code: Option<u16>,
    message: &'a str,
}

#[derive(Serialize)]
struct Refused<'a> {
    r#type: &'a str,
    error: &'a str,
    status: u16,
}

#[derive(Serialize)]
struct Added<'a> {
    user_id: &'a UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_info: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Watchlist<'a> {
    events: Vec<WatchlistEvent<'a>>,
}

#[derive(Serialize)]
struct WatchlistEvent<'a> {
    name: &'a str,
    user_ids: &'a [UserId],
}

impl<'a> Watchlist<'a> {
    fn of(online: &'a [UserId], offline: &'a [UserId]) -> Self {
        let both = [("online", online), ("offline", offline)];
        let some = both.into_iter().filter(|(_, user_ids)| !user_ids.is_empty());
        Self { events: some.map(|(name, user_ids)| WatchlistEvent { name, user_ids }).collect() }
    }
}

impl ServerFrame<'_> {
    /// Writes the message as it goes over the wire.
    pub fn encode(&self) -> Frame {
        match self {
            Self::ConnectionEstablished { socket_id, activity_timeout_s } => {
                let activity_timeout = *activity_timeout_s;
                let hello = Hello { socket_id: socket_id.to_string(), activity_timeout };
                wire("pusher:connection_established", None, Some(json(&hello)))
            }
            Self::Error(fault) => {
                let error = Error { code: fault.code.map(|c| c.number()), message: &fault.message };
                wire("pusher:error", None, Some(error))
            }
            Self::Pong => wire("pusher:pong", None, Some(Empty {})),
            Self::Ping => wire("pusher:ping", None, Some(Empty {})),
            Self::SubscriptionSucceeded { channel, roster } => {
                let data = roster.map_or_else(|| "{}".to_owned(), |r| json(&presence(r)));
                wire("pusher_internal:subscription_succeeded", Some(channel.as_str()), Some(data))
            }
            Self::SubscriptionError { channel, kind, error, status } => {
                let data = Refused { r#type: kind, error, status: *status };
                wire("pusher:subscription_error", Some(channel), Some(data))
            }
            Self::MemberAdded(channel, member) => {
                let data = json(&Added {
                    user_id: &member.user_id,
                    user_info: member.user_info.as_deref(),
                });
                wire("pusher_internal:member_added", Some(channel.as_str()), Some(data))
            }
            Self::MemberRemoved(channel, user_id) => {
                let data = json(&serde_json::json!({ "user_id": user_id }));
                wire("pusher_internal:member_removed", Some(channel.as_str()), Some(data))
            }
            Self::Event { channel, event, data, user_id, serial } => encode(&Wire {
                event,
                channel: Some(channel.as_str()),
                data: *data,
                user_id: *user_id,
                serial: *serial,
            }),
            Self::SigninSuccess { user_data } => {
                let data = serde_json::json!({ "user_data": user_data });
                wire("pusher:signin_success", None, Some(data))
            }
            Self::WatchlistEvents { online, offline } => {
                let data = Watchlist::of(online, offline);
                wire("pusher_internal:watchlist_events", None, Some(data))
            }
            Self::SubscriptionCount(channel, count) => {
                let data = json(&serde_json::json!({ "subscription_count": count }));
                wire("pusher_internal:subscription_count", Some(channel.as_str()), Some(data))
            }
            Self::CacheMiss(channel) => {
                wire("pusher:cache_miss", Some(channel.as_str()), Some("{}"))
            }
        }
    }
}

fn wire<D: Serialize>(event: &str, channel: Option<&str>, data: Option<D>) -> Frame {
    encode(&Wire { event, channel, data, user_id: None, serial: None })
}

fn encode<D: Serialize>(wire: &Wire<'_, D>) -> Frame {
    Frame(Bytes::from(json(wire)))
}

/// Our own types always serialize: they hold texts, numbers and JSON that was parsed before.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::Code;

    fn check(frame: ServerFrame<'_>, expected: Expect) {
        expected.assert_eq(&format!("{:?}", frame.encode()));
    }

    fn channel(name: &str) -> ChannelName {
        ChannelName::parse(name).expect("a valid name")
    }

    fn member(id: &str, info: Option<&str>) -> Member {
        let raw =
            info.map(|text| RawValue::from_string(text.to_owned()).expect("valid JSON").into());
        Member { user_id: UserId::new(id), user_info: raw }
    }

    #[test]
    fn strings_and_objects_as_pusher_sends_them() {
        check(
            ServerFrame::ConnectionEstablished {
                socket_id: SocketId::from_random(12, 34),
                activity_timeout_s: 120,
            },
            expect![[
                r#"{"event":"pusher:connection_established","data":"{\"socket_id\":\"12.34\",\"activity_timeout\":120}"}"#
            ]],
        );
        check(
            ServerFrame::Error(&Fault::new(Code::NoSuchApp, "no")),
            expect![[r#"{"event":"pusher:error","data":{"code":4001,"message":"no"}}"#]],
        );
        check(
            ServerFrame::Error(&Fault::note("hm")),
            expect![[r#"{"event":"pusher:error","data":{"code":null,"message":"hm"}}"#]],
        );
        check(ServerFrame::Pong, expect![[r#"{"event":"pusher:pong","data":{}}"#]]);
    }

    #[test]
    fn presence_frames() {
        let c = channel("presence-a");
        let members = vec![member("7", Some(r#"{"name":"A"}"#)), member("8", None)];
        let roster = Roster { count: 2, members };
        check(
            ServerFrame::SubscriptionSucceeded { channel: &c, roster: Some(&roster) },
            expect![[
                r#"{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\"presence\":{\"count\":2,\"ids\":[\"7\",\"8\"],\"hash\":{\"7\":{\"name\":\"A\"},\"8\":null}}}"}"#
            ]],
        );
        check(
            ServerFrame::MemberAdded(&c, &roster.members[0]),
            expect![[
                r#"{"event":"pusher_internal:member_added","channel":"presence-a","data":"{\"user_id\":\"7\",\"user_info\":{\"name\":\"A\"}}"}"#
            ]],
        );
        check(
            ServerFrame::MemberRemoved(&c, &roster.members[1].user_id),
            expect![[
                r#"{"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"8\"}"}"#
            ]],
        );
    }

    #[test]
    fn data_passes_through() {
        let c = channel("private-a");
        let event = |data, user_id, serial| ServerFrame::Event {
            channel: &c,
            event: "e",
            data: Some(data),
            user_id,
            serial,
        };
        check(
            event(Data::Text("not json \""), None, None),
            expect![[r#"{"event":"e","channel":"private-a","data":"not json \""}"#]],
        );
        let raw = RawValue::from_string(r#"{"a": [1]}"#.to_owned()).expect("valid JSON");
        let user = UserId::new("7");
        check(
            event(Data::Json(&raw), Some(&user), Some(Serial::new(12))),
            expect![[
                r#"{"event":"e","channel":"private-a","data":{"a": [1]},"user_id":"7","serial":12}"#
            ]],
        );
        check(
            ServerFrame::CacheMiss(&c),
            expect![[r#"{"event":"pusher:cache_miss","channel":"private-a","data":"{}"}"#]],
        );
    }
}
