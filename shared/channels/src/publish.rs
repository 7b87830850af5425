//! Publish: an event from an application to up to 100 channels.

use std::sync::Arc;

use protocol::limits::CHANNELS_PER_TRIGGER;
use protocol::{ChannelKind, ChannelName, Data, EventName, Serial, ServerFrame, SocketId};
use serde::Deserialize;
use serde_json::value::to_raw_value;

use crate::recorded::{self, Keep, Recorded};
use crate::{App, Effect};

/// A trigger as the HTTP API receives it (`POST /apps/{id}/events`).
#[derive(Debug, Deserialize)]
pub struct Trigger {
    /// The event's name.
    pub name: String,
    /// The channels; SDKs send this one.
    #[serde(default)]
    pub channels: Vec<String>,
    /// One channel; the older form.
    #[serde(default)]
    pub channel: Option<String>,
    /// The data: a string, passed on unchanged.
    pub data: String,
    /// A socket that shall not receive it.
    #[serde(default)]
    pub socket_id: Option<String>,
    /// Counts wanted in the answer, separated by commas.
    #[serde(default)]
    pub info: Option<String>,
}

/// An event that may be published.
#[derive(Debug, Clone)]
pub struct Publish {
    /// The channels, each once.
    pub channels: Vec<ChannelName>,
    /// The event's name.
    pub event: EventName,
    /// The data.
    pub data: String,
    /// A socket that shall not receive it.
    pub except: Option<SocketId>,
    /// Counts wanted in the answer.
    pub info: Info,
}

/// Which counts a publisher asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Info {
    /// Users on presence channels.
    pub user_count: bool,
    /// Subscriptions on any channel.
    pub subscription_count: bool,
}

impl Info {
    /// Reads `user_count,subscription_count`; unknown names are an error.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let mut info = Self::default();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "user_count" => info.user_count = true,
                "subscription_count" => info.subscription_count = true,
                _ => return Err(bad("info: expected user_count or subscription_count")),
            }
        }
        Ok(info)
    }

    /// Whether anything is asked for.
    pub fn any(self) -> bool {
        self.user_count || self.subscription_count
    }
}

/// How many are on a channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections subscribed.
    pub subscriptions: usize,
    /// Distinct users; zero where there is no roster.
    pub users: usize,
}

/// Why a trigger was refused; the text goes to the publisher.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Something in it is wrong (HTTP 400).
    Bad(String),
    /// The data is larger than the app allows (HTTP 413).
    TooLarge(String),
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::Bad(message.into())
}

/// Checks names, sizes and the excluded socket.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(app: &App, trigger: Trigger) -> Result<Publish, Refusal> {
    let event = EventName::parse(&trigger.name).map_err(|e| bad(e.to_string()))?;
    let channels = channels(trigger.channels, trigger.channel)?;
    let most = app.limits.event_data_bytes;
    if trigger.data.len() > most {
        return Err(Refusal::TooLarge(format!(
            "The data content of this event exceeds the allowed maximum ({most} bytes). \
             Send an id and let the client fetch the rest, or raise event_data_bytes."
        )));
    }
    let except = match trigger.socket_id.as_deref() {
        None | Some("") => None,
        Some(text) => {
            Some(text.parse().map_err(|()| bad("Invalid socket id: expected digits.digits"))?)
        }
    };
    let info = Info::parse(trigger.info.as_deref().unwrap_or_default())?;
    Ok(Publish { channels, event, data: trigger.data, except, info })
}

fn channels(many: Vec<String>, one: Option<String>) -> Result<Vec<ChannelName>, Refusal> {
    let names: Vec<String> = if many.is_empty() { one.into_iter().collect() } else { many };
    if names.is_empty() {
        return Err(bad("Missing channels: name at least one"));
    }
    if names.len() > CHANNELS_PER_TRIGGER {
        return Err(bad(format!("Too many channels: at most {CHANNELS_PER_TRIGGER} per event")));
    }
    let mut channels: Vec<ChannelName> = Vec::with_capacity(names.len());
    for name in &names {
        let channel = ChannelName::parse(name).map_err(|e| bad(e.to_string()))?;
        if !channels.contains(&channel) {
            channels.push(channel);
        }
    }
    if channels.len() > 1 && channels.iter().any(|c| c.kind() == ChannelKind::Encrypted) {
        return Err(bad("An encrypted channel must be the only channel of an event"));
    }
    Ok(channels)
}

/// What one of the channels is to remember of it; mostly nothing.
pub fn keep(app: &App, publish: &Publish, channel: &ChannelName) -> Option<Keep> {
    recorded::keep(app, channel, true, || Recorded {
        serial: None,
        event: publish.event.clone(),
        data: to_raw_value(&publish.data).ok().map(Arc::from),
        user_id: None,
    })
}

/// The delivery to one of the channels.
pub fn deliver(
    app: &App,
    publish: &Publish,
    channel: &ChannelName,
    serial: Option<Serial>,
) -> Effect {
    let frame = ServerFrame::Event {
        channel,
        event: publish.event.as_str(),
        data: Some(Data::Text(&publish.data)),
        user_id: None,
        serial,
    };
    let (app, channel, frame) = (app.id.clone(), channel.clone(), frame.encode());
    Effect::Broadcast { app, channel, frame, except: publish.except }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HistoryRule;
    use crate::testing::app;

    fn run(json: &str) -> Result<Publish, Refusal> {
        check(&app(), serde_json::from_str(json).unwrap())
    }

    fn refused(json: &str) -> String {
        match run(json) {
            Err(Refusal::Bad(text)) => format!("400 {text}"),
            Err(Refusal::TooLarge(text)) => format!("413 {text}"),
            Ok(publish) => panic!("accepted {publish:?}"),
        }
    }

    #[test]
    fn channels_are_named_once() {
        let publish = run(r#"{"name":"e","channels":["a","b","a"],"data":"x"}"#).unwrap();
        let names: Vec<_> = publish.channels.iter().map(ChannelName::as_str).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(run(r#"{"name":"e","channel":"a","data":""}"#).unwrap().channels.len(), 1);
        assert!(run(r##"{"name":"e","channel":"#server-to-user-7","data":""}"##).is_ok());
    }

    #[test]
    fn little_is_remembered() {
        let rule = |prefix: &str, count| HistoryRule { prefix: prefix.into(), count, age_s: 60 };
        let app = App { history: vec![rule("private-log-", 5), rule("private-", 9)], ..app() };
        let kept = |name: &str| {
            let publish = run(r#"{"name":"e","channel":"a","data":"x \"y\""}"#).unwrap();
            let channel = ChannelName::parse(name).unwrap();
            keep(&app, &publish, &channel).map(|it| (it.cache_ms, it.history.map(|d| d.count)))
        };
        assert_eq!(kept("news"), None);
        assert_eq!(kept("mycache-news"), None);
        assert_eq!(kept("cache-news"), Some((Some(1_800_000), None)));
        assert_eq!(kept("private-log-1"), Some((None, Some(5))), "the first rule that fits");
        assert_eq!(kept("private-cache-1"), Some((Some(1_800_000), Some(9))));
    }

    #[test]
    fn what_is_remembered_is_sent_again_as_it_was() {
        let publish = run(r#"{"name":"e","channel":"cache-a","data":"x \"y\""}"#).unwrap();
        let channel = &publish.channels[0];
        let sent = deliver(&app(), &publish, channel, None);
        let again = keep(&app(), &publish, channel).unwrap().event.frame(channel);
        assert!(matches!(sent, Effect::Broadcast { frame, .. } if frame == again));
    }

    #[test]
    fn what_is_refused() {
        for (json, expected) in [
            (r#"{"name":"e","data":""}"#, "400 Missing channels: name at least one"),
            (r#"{"name":"","channel":"a","data":""}"#, "400 Event name is missing"),
            (r#"{"name":"e","channel":"a b","data":""}"#, "400 Invalid channel name: 'a b'"),
            (
                r#"{"name":"e","channel":"a","data":"","socket_id":"x"}"#,
                "400 Invalid socket id: expected digits.digits",
            ),
            (
                r#"{"name":"e","channels":["a","private-encrypted-b"],"data":""}"#,
                "400 An encrypted channel must be the only channel of an event",
            ),
            (
                r#"{"name":"e","channel":"a","data":"","info":"cache"}"#,
                "400 info: expected user_count or subscription_count",
            ),
        ] {
            assert_eq!(refused(json), expected);
        }
    }

    #[test]
    fn the_limits_are_exact() {
        let names = |n: usize| {
            let list: Vec<String> = (0..n).map(|i| format!("\"c{i}\"")).collect();
            format!(r#"{{"name":"e","channels":[{}],"data":""}}"#, list.join(","))
        };
        assert!(run(&names(100)).is_ok());
        assert_eq!(refused(&names(101)), "400 Too many channels: at most 100 per event");
        let data = |n: usize| format!(r#"{{"name":"e","channel":"a","data":"{}"}}"#, "x".repeat(n));
        assert!(run(&data(10_240)).is_ok());
        assert!(refused(&data(10_241)).starts_with("413 The data content of this event exceeds"));
    }
}
