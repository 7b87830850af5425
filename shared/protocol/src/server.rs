//! What we may say. Which events carry `data` as a JSON string and which as an object follows
//! what Pusher sends, because native clients are less forgiving than pusher-js.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{ChannelName, Fault, SocketId, UserId};

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

/// One user on a presence channel.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// What the application says about them: any JSON, kept as text.
    pub user_info: Option<std::sync::Arc<RawValue>>,
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        let text = |m: &Self| m.user_info.as_ref().map(|raw| raw.get().to_owned());
        self.user_id == other.user_id && text(self) == text(other)
    }
}

/// Everyone on a presence channel, one entry per user.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roster(pub Vec<Member>);

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
    /// An event from a publisher; `data` passes through as the string it is.
    Event {
        /// The channel.
        channel: &'a ChannelName,
        /// The event's name.
        event: &'a str,
        /// The publisher's string.
        data: &'a str,
    },
    /// An event from another client; `data` passes through as it was written.
    ClientEvent {
        /// The channel.
        channel: &'a ChannelName,
        /// The event's name.
        event: &'a str,
        /// The sender's JSON.
        data: Option<&'a RawValue>,
        /// The sender's user id: on presence channels only, and never the sender's word.
        user_id: Option<&'a UserId>,
    },
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
            Self::Event { channel, event, data } => wire(event, Some(channel.as_str()), Some(data)),
            Self::ClientEvent { channel, event, data, user_id } => encode(&Wire {
                event,
                channel: Some(channel.as_str()),
                data: *data,
                user_id: *user_id,
            }),
        }
    }
}

fn wire<D: Serialize>(event: &str, channel: Option<&str>, data: Option<D>) -> Frame {
    encode(&Wire { event, channel, data, user_id: None })
}

fn encode<D: Serialize>(wire: &Wire<'_, D>) -> Frame {
    Frame(Bytes::from(json(wire)))
}

/// Our own types always serialize: they hold texts, numbers and JSON that was parsed before.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[derive(Serialize)]
struct Presence<'a> {
    presence: PresenceBody<'a>,
}

#[derive(Serialize)]
struct PresenceBody<'a> {
    count: usize,
    ids: Vec<&'a UserId>,
    hash: Hash<'a>,
}

/// The roster as a JSON object in roster order.
struct Hash<'a>(&'a Roster);

impl Serialize for Hash<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.0.iter().map(|m| (&m.user_id, m.user_info.as_deref())))
    }
}

fn presence(roster: &Roster) -> Presence<'_> {
    let ids: Vec<_> = roster.0.iter().map(|m| &m.user_id).collect();
    Presence { presence: PresenceBody { count: ids.len(), ids, hash: Hash(roster) } }
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
        let roster = Roster(vec![member("7", Some(r#"{"name":"A"}"#)), member("8", None)]);
        check(
            ServerFrame::SubscriptionSucceeded { channel: &c, roster: Some(&roster) },
            expect![[
                r#"{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\"presence\":{\"count\":2,\"ids\":[\"7\",\"8\"],\"hash\":{\"7\":{\"name\":\"A\"},\"8\":null}}}"}"#
            ]],
        );
        check(
            ServerFrame::MemberAdded(&c, &roster.0[0]),
            expect![[
                r#"{"event":"pusher_internal:member_added","channel":"presence-a","data":"{\"user_id\":\"7\",\"user_info\":{\"name\":\"A\"}}"}"#
            ]],
        );
        check(
            ServerFrame::MemberRemoved(&c, &roster.0[1].user_id),
            expect![[
                r#"{"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"8\"}"}"#
            ]],
        );
    }

    #[test]
    fn data_passes_through() {
        let c = channel("private-a");
        check(
            ServerFrame::Event { channel: &c, event: "e", data: "not json \"" },
            expect![[r#"{"event":"e","channel":"private-a","data":"not json \""}"#]],
        );
        let raw = RawValue::from_string(r#"{"a": [1]}"#.to_owned()).expect("valid JSON");
        check(
            ServerFrame::ClientEvent {
                channel: &c,
                event: "client-e",
                data: Some(&raw),
                user_id: None,
            },
            expect![[r#"{"event":"client-e","channel":"private-a","data":{"a": [1]}}"#]],
        );
    }
}
