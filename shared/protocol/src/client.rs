//! What a client may say.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Fault;

/// One frame from a client, parsed once.
#[derive(Debug)]
pub enum ClientFrame {
    /// `pusher:ping`.
    Ping,
    /// `pusher:pong`, the answer to our ping.
    Pong,
    /// `pusher:subscribe`.
    Subscribe(Subscribe),
    /// `pusher:unsubscribe` of the named channel (not yet checked as a name).
    Unsubscribe(String),
    /// `pusher:signin`.
    SignIn(SignIn),
    /// An event for the other subscribers of a channel.
    Event(ClientEvent),
}

/// `pusher:subscribe` as it came.
#[derive(Debug, Deserialize)]
pub struct Subscribe {
    /// The channel's name, not yet checked.
    pub channel: String,
    /// `key:signature`; empty or absent on public channels.
    #[serde(default)]
    pub auth: Option<String>,
    /// The signed JSON text about the member; part of the signature whenever present.
    #[serde(default)]
    pub channel_data: Option<String>,
}

/// `pusher:signin` as it came.
#[derive(Debug, Deserialize)]
pub struct SignIn {
    /// `key:signature`.
    pub auth: String,
    /// The signed JSON text about the user.
    pub user_data: String,
}

/// A `client-…` event as it came.
#[derive(Debug)]
pub struct ClientEvent {
    /// Its name, beginning `client-`.
    pub event: String,
    /// The channel's name, not yet checked.
    pub channel: String,
    /// The data exactly as sent: object, string or anything else.
    pub data: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    event: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Unsubscribe {
    channel: String,
}

impl ClientFrame {
    /// Reads one text message.
    ///
    /// # Errors
    /// A [`Fault`] without a code for what is no frame or no event a client may send;
    /// the connection stays open, as at Pusher.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|_| {
            Fault::note("Invalid message: expected a JSON object with a string 'event'")
        })?;
        match envelope.event.as_str() {
            "pusher:ping" => Ok(Self::Ping),
            "pusher:pong" => Ok(Self::Pong),
            "pusher:subscribe" => data(&envelope, CHANNEL).map(Self::Subscribe),
            "pusher:unsubscribe" => {
                data::<Unsubscribe>(&envelope, CHANNEL).map(|it| Self::Unsubscribe(it.channel))
            }
            "pusher:signin" => data(&envelope, "'auth' and 'user_data'").map(Self::SignIn),
            name if name.starts_with("client-") => client_event(envelope),
            name if name.starts_with("pusher:") || name.starts_with("pusher_internal:") => {
                Err(Fault::note(format!("Unknown event: '{}'", clip(name))))
            }
            name => Err(Fault::note(format!(
                "Invalid event: '{}': client events must begin with 'client-'",
                clip(name)
            ))),
        }
    }
}

/// What subscribing and unsubscribing need.
const CHANNEL: &str = "a 'channel'";

/// The `data` of a protocol event; some libraries send it as a JSON string, so both forms count.
fn data<T: serde::de::DeserializeOwned>(envelope: &Envelope<'_>, fields: &str) -> Result<T, Fault> {
    let raw = envelope.data.map_or("null", RawValue::get);
    let parsed = if raw.starts_with('"') {
        serde_json::from_str::<String>(raw).and_then(|inner| serde_json::from_str(&inner))
    } else {
        serde_json::from_str(raw)
    };
    parsed.map_err(|_| {
        let event = &envelope.event;
        Fault::note(format!("Invalid data for {event}: expected an object with {fields}"))
    })
}

fn client_event(envelope: Envelope<'_>) -> Result<ClientFrame, Fault> {
    let Some(channel) = envelope.channel else {
        return Err(Fault::note("Invalid client event: 'channel' is missing"));
    };
    let data = envelope.data.map(ToOwned::to_owned);
    Ok(ClientFrame::Event(ClientEvent { event: envelope.event, channel, data }))
}

fn clip(text: &str) -> &str {
    const SHOWN: usize = 64;
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: Expect) {
        let shown = match ClientFrame::parse(text) {
            Ok(frame) => format!("{frame:?}"),
            Err(fault) => format!("{:?} {}", fault.code, fault.message),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn protocol_events() {
        check(r#"{"event":"pusher:ping","data":{}}"#, expect!["Ping"]);
        check(r#"{"event":"pusher:ping"}"#, expect!["Ping"]);
        check(
            r#"{"event":"pusher:subscribe","data":{"channel":"a","auth":""}}"#,
            expect![[
                r#"Subscribe(Subscribe { channel: "a", auth: Some(""), channel_data: None })"#
            ]],
        );
        check(
            r#"{"event":"pusher:subscribe","data":"{\"channel\":\"a\",\"x\":1}"}"#,
            expect![[r#"Subscribe(Subscribe { channel: "a", auth: None, channel_data: None })"#]],
        );
        check(
            r#"{"event":"pusher:signin","data":{"auth":"k:s","user_data":"{}"}}"#,
            expect![[r#"SignIn(SignIn { auth: "k:s", user_data: "{}" })"#]],
        );
        check(
            r#"{"event":"pusher:unsubscribe","data":{"channel":"a"}}"#,
            expect![[r#"Unsubscribe("a")"#]],
        );
    }

    #[test]
    fn garbage_is_a_note() {
        let no_frame =
            expect!["None Invalid message: expected a JSON object with a string 'event'"];
        for text in ["", "{", "[]", "7", "null", r#"{"event":7}"#, r#"{"data":{}}"#, "\u{0}"] {
            let fault =
                ClientFrame::parse(text).err().map(|f| format!("{:?} {}", f.code, f.message));
            no_frame.assert_eq(&fault.unwrap_or_default());
        }
        check(
            r#"{"event":"pusher:subscribe","data":{"channel":7}}"#,
            expect!["None Invalid data for pusher:subscribe: expected an object with a 'channel'"],
        );
        check(
            r#"{"event":"pusher:subscribe"}"#,
            expect!["None Invalid data for pusher:subscribe: expected an object with a 'channel'"],
        );
        check(
            r#"{"event":"pusher:signin","data":{"auth":"k:s","user_data":{}}}"#,
            expect![
                "None Invalid data for pusher:signin: expected an object with 'auth' and 'user_data'"
            ],
        );
        check(r#"{"event":"pusher:nope"}"#, expect!["None Unknown event: 'pusher:nope'"]);
        check(
            r#"{"event":"chat","channel":"private-a","data":1}"#,
            expect!["None Invalid event: 'chat': client events must begin with 'client-'"],
        );
    }

    #[test]
    fn client_events_keep_their_data() {
        check(
            r#"{"event":"client-x","channel":"private-a","data":{"b": 1}}"#,
            expect![[
                r#"Event(ClientEvent { event: "client-x", channel: "private-a", data: Some(RawValue({"b": 1})) })"#
            ]],
        );
        check(
            r#"{"event":"client-x"}"#,
            expect!["None Invalid client event: 'channel' is missing"],
        );
    }
}
