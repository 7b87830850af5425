//! The port to what channels remember of their events. Each method is one verb and atomic.

use std::future::Future;

use channels::{Cached, EventsAfter, Keep, Missed};
use protocol::{AppId, ChannelName, Serial};

use crate::Error;

/// Most events in one answer. Ours: at 10 KB each about a megabyte.
pub const EVENTS_PER_ANSWER: usize = 100;

/// What channels remember. `now_ms`: milliseconds since the Unix epoch.
pub trait Events: Send + Sync + 'static {
    /// Remembers an event. The answer is its serial, if it is part of a history.
    fn keep(
        &self,
        app: &AppId,
        channel: &ChannelName,
        keep: Keep,
        now_ms: u64,
    ) -> impl Future<Output = Result<Option<Serial>, Error>> + Send;

    /// The last event of a cache channel, if it is still kept.
    fn cached(
        &self,
        app: &AppId,
        channel: &ChannelName,
        now_ms: u64,
    ) -> impl Future<Output = Result<Option<Cached>, Error>> + Send;

    /// Notes that somebody found a cache channel without an event; whether that is news since the
    /// last event, or for as long as an event would have been kept.
    fn miss(
        &self,
        app: &AppId,
        channel: &ChannelName,
        now_ms: u64,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// What came after a serial, at most [`EVENTS_PER_ANSWER`] of it.
    fn events_after(
        &self,
        app: &AppId,
        ask: &EventsAfter,
        now_ms: u64,
    ) -> impl Future<Output = Result<Missed, Error>> + Send;
}
