//! Events that a channel remembers: the last one of a cache channel, the last ones of a channel with a history.

use std::sync::Arc;

use protocol::limits::CACHE_TTL_S;
use protocol::{ChannelName, Data, EventName, Frame, Serial, ServerFrame, UserId};
use serde_json::value::RawValue;

use crate::{App, HistoryRule};

/// An event as it was sent.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its place in the channel's history, if the channel has one.
    pub serial: Option<Serial>,
    /// Its name.
    pub event: EventName,
    /// What it says: a publisher's text is a JSON string here.
    pub data: Option<Arc<RawValue>>,
    /// The sender, if it was a client on a presence channel.
    pub user_id: Option<UserId>,
}

impl Recorded {
    /// The event once more, as it goes over the wire.
    pub fn frame(&self, channel: &ChannelName) -> Frame {
        let frame = ServerFrame::Event {
            channel,
            event: self.event.as_str(),
            data: self.data.as_deref().map(Data::Json),
            user_id: self.user_id.as_ref(),
            serial: self.serial,
        };
        frame.encode()
    }
}

/// An event to be remembered: the change for the store.
#[derive(Debug, Clone)]
pub struct Keep {
    /// The event; the store gives the serial.
    pub event: Recorded,
    /// How long it is the channel's last event, milliseconds; nothing where none is kept.
    pub cache_ms: Option<u64>,
    /// The history that it becomes part of.
    pub history: Option<Depth>,
}

/// How much a history holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Most events.
    pub count: usize,
    /// How long each, milliseconds.
    pub age_ms: u64,
}

/// The last event of a cache channel.
#[derive(Debug, Clone)]
pub struct Cached {
    /// The event.
    pub event: Recorded,
    /// How long it is kept from now on, milliseconds.
    pub ttl_ms: u64,
}

/// What a history holds after a serial.
#[derive(Debug, Clone)]
pub struct Missed {
    /// The events, oldest first.
    pub events: Vec<Recorded>,
    /// Whether nothing after the serial had been forgotten. If not, look at the whole state again.
    pub complete: bool,
    /// Whether there are more after these: ask again after the last one.
    pub more: bool,
}

/// How much the history of a channel holds, if the app wants one.
pub(crate) fn depth(app: &App, channel: &ChannelName) -> Option<Depth> {
    let fits = |rule: &&HistoryRule| channel.as_str().starts_with(&rule.prefix);
    let rule = app.history.iter().find(fits)?;
    Some(Depth { count: rule.count, age_ms: u64::from(rule.age_s) * 1_000 })
}

/// What is to be remembered of an event; mostly nothing.
pub(crate) fn keep(
    app: &App,
    channel: &ChannelName,
    cached: bool,
    event: impl FnOnce() -> Recorded,
) -> Option<Keep> {
    let history = depth(app, channel);
    let cache_ms = (cached && channel.is_cached()).then_some(CACHE_TTL_S * 1_000);
    (history.is_some() || cache_ms.is_some()).then(|| Keep { event: event(), cache_ms, history })
}
