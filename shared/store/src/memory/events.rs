//! What one channel remembers of its events.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use channels::{Cached, EventsAfter, Keep, Missed, Recorded};
use protocol::limits::CACHE_TTL_S;
use protocol::{AppId, ChannelName, Serial};

use super::MemoryStore;
use super::shards::Shards;
use crate::Error;
use crate::events::{EVENTS_PER_ANSWER, Events};

/// How many changes pass before what is out of date everywhere is looked for.
const SWEEP_EVERY: u64 = 1_024;
/// Serials per millisecond. A history that begins anew, also after a restart, begins above all that were.
const SERIALS_PER_MS: u64 = 1_000;

/// What all channels remember.
#[derive(Default)]
pub(super) struct Memories {
    pub(super) channels: Shards<(AppId, ChannelName), Memory>,
    changes: AtomicU64,
}

#[derive(Default)]
pub(super) struct Memory {
    /// The last event, and until when it is kept.
    cached: Option<(Recorded, u64)>,
    /// Until when further misses are no news.
    missed_until_ms: u64,
    /// Events and until when each is kept, oldest first.
    history: VecDeque<(Recorded, u64)>,
    /// The newest serial given.
    last: u64,
    /// The newest serial that is no longer kept.
    forgotten: u64,
}

impl Memory {
    fn keep(&mut self, keep: Keep, now_ms: u64) -> Option<Serial> {
        let Keep { mut event, cache_ms, history } = keep;
        if let Some(depth) = history {
            self.forget(now_ms);
            let next = (self.last + 1).max(now_ms.saturating_mul(SERIALS_PER_MS));
            if self.last == 0 {
                self.forgotten = next - 1;
            }
            self.last = next;
            event.serial = Some(Serial::new(next));
            self.history.push_back((event.clone(), now_ms.saturating_add(depth.age_ms)));
            while self.history.len() > depth.count {
                self.drop_oldest();
            }
        }
        let serial = event.serial;
        if let Some(ms) = cache_ms {
            self.cached = Some((event, now_ms.saturating_add(ms)));
            self.missed_until_ms = 0;
        }
        serial
    }

    fn drop_oldest(&mut self) {
        if let Some((Recorded { serial: Some(serial), .. }, _)) = self.history.pop_front() {
            self.forgotten = serial.number();
        }
    }

    /// Drops what is out of date.
    fn forget(&mut self, now_ms: u64) {
        while self.history.front().is_some_and(|(_, until)| *until <= now_ms) {
            self.drop_oldest();
        }
        self.cached.take_if(|(_, until)| *until <= now_ms);
    }

    fn is_empty(&self, now_ms: u64) -> bool {
        self.history.is_empty() && self.cached.is_none() && self.missed_until_ms <= now_ms
    }

    fn after(&self, after: Serial) -> Missed {
        let start = self.history.partition_point(|(it, _)| it.serial <= Some(after));
        let rest = self.history.len() - start;
        let events = self.history.range(start..).take(EVENTS_PER_ANSWER);
        Missed {
            events: events.map(|(event, _)| event.clone()).collect(),
            complete: after.number() >= self.forgotten,
            more: rest > EVENTS_PER_ANSWER,
        }
    }
}

impl Memories {
    /// Now and then forgets all that is out of date, so that channels nobody asks about do not stay.
    fn sweep(&self, now_ms: u64) {
        if self.changes.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.channels.retain(|memory| {
                memory.forget(now_ms);
                !memory.is_empty(now_ms)
            });
        }
    }
}

impl Events for MemoryStore {
    async fn keep(
        &self,
        app: &AppId,
        channel: &ChannelName,
        keep: Keep,
        now_ms: u64,
    ) -> Result<Option<Serial>, Error> {
        let key = (app.clone(), channel.clone());
        let serial = self.memories.channels.lock(&key).entry(key).or_default().keep(keep, now_ms);
        self.memories.sweep(now_ms);
        Ok(serial)
    }

    async fn cached(
        &self,
        app: &AppId,
        channel: &ChannelName,
        now_ms: u64,
    ) -> Result<Option<Cached>, Error> {
        let key = (app.clone(), channel.clone());
        let shard = self.memories.channels.lock(&key);
        let last = shard.get(&key).and_then(|memory| memory.cached.as_ref());
        Ok(last
            .filter(|(_, until)| *until > now_ms)
            .map(|(event, until)| Cached { event: event.clone(), ttl_ms: until - now_ms }))
    }

    async fn miss(&self, app: &AppId, channel: &ChannelName, now_ms: u64) -> Result<bool, Error> {
        let key = (app.clone(), channel.clone());
        let news = {
            let mut shard = self.memories.channels.lock(&key);
            let memory = shard.entry(key).or_default();
            let news = memory.missed_until_ms <= now_ms;
            if news {
                memory.missed_until_ms = now_ms.saturating_add(CACHE_TTL_S * 1_000);
            }
            news
        };
        self.memories.sweep(now_ms);
        Ok(news)
    }

    async fn events_after(
        &self,
        app: &AppId,
        ask: &EventsAfter,
        now_ms: u64,
    ) -> Result<Missed, Error> {
        let key = (app.clone(), ask.channel.clone());
        let mut shard = self.memories.channels.lock(&key);
        let Some(memory) = shard.get_mut(&key) else {
            // Nothing is known, also of what may have been.
            return Ok(Missed { events: Vec::new(), complete: false, more: false });
        };
        memory.forget(now_ms);
        Ok(memory.after(ask.after))
    }
}
