//! A connection without a socket: what is posted waits until a request fetches it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use protocol::ConnectionId;
use service::Delivery;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::transport::{QUEUE_BYTES, State};
use super::wire;

/// What waits for one client of the HTTP transports, and who fetches it.
pub(super) struct Mailbox {
    pub(super) id: ConnectionId,
    out: Mutex<Out>,
    /// For requests that fetch: there is something, or it is over.
    filled: Notify,
    /// For the session: it is over, the fetching began or ended, or the client was heard.
    changed: Notify,
}

struct Out {
    lines: VecDeque<Bytes>,
    bytes: usize,
    state: State,
    /// Counts the requests that fetch; only the newest one does.
    turn: u64,
    /// When the last of them ended without another one.
    alone_since: Option<Instant>,
    /// The last sign of life.
    heard: Instant,
}

/// What the session knows of its client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signs {
    pub(super) state: State,
    pub(super) heard: Instant,
    pub(super) alone_since: Option<Instant>,
}

/// What a request fetched.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    /// Lines, and their length in UTF-16 units.
    Lines(Bytes, usize),
    /// Nothing yet.
    Nothing,
    /// There will be no more for this request.
    Over,
}

impl Mailbox {
    /// A mailbox with the line that opens it.
    pub(super) fn new(id: ConnectionId) -> Arc<Self> {
        let out = Out {
            lines: VecDeque::from([wire::OPEN_LINE]),
            bytes: wire::OPEN_LINE.len(),
            state: State::Open,
            turn: 0,
            alone_since: Some(Instant::now()),
            heard: Instant::now(),
        };
        let (filled, changed) = (Notify::new(), Notify::new());
        Arc::new(Self { id, out: Mutex::new(out), filled, changed })
    }

    /// Queues a line for the next request, or the one that waits.
    pub(super) fn post(&self, line: &Bytes) -> Delivery {
        let mut out = self.lock();
        if out.state != State::Open {
            return Delivery::Gone;
        }
        out.bytes += line.len();
        out.lines.push_back(line.clone());
        if out.bytes > QUEUE_BYTES {
            tracing::info!(connection = %self.id, "a reader that was too slow is closed");
            self.give_up(&mut out);
            return Delivery::Gone;
        }
        self.filled.notify_waiters();
        Delivery::Sent
    }

    /// Queues the last line.
    pub(super) fn close(&self, line: Bytes) {
        let mut out = self.lock();
        if out.state == State::Open {
            out.lines.push_back(line);
            out.state = State::Closing;
            self.filled.notify_waiters();
            self.changed.notify_waiters();
        }
    }

    /// Gives up what waits if nobody fetches it now.
    pub(super) fn abandon_if_alone(&self) {
        let mut out = self.lock();
        if out.alone_since.is_some() {
            self.give_up(&mut out);
        }
    }

    /// Takes lines until they pass `room` UTF-16 units, the line that passes it included.
    pub(super) fn fetch(&self, turn: u64, room: usize) -> Fetched {
        let mut out = self.lock();
        if out.turn != turn || out.state == State::Broken {
            return Fetched::Over;
        }
        if out.lines.is_empty() {
            return if out.state == State::Open { Fetched::Nothing } else { Fetched::Over };
        }
        let (mut taken, mut units) = (BytesMut::new(), 0);
        while units <= room
            && let Some(line) = out.lines.pop_front()
        {
            out.bytes = out.bytes.saturating_sub(line.len());
            units += utf16_units(&line);
            taken.extend_from_slice(&line);
        }
        Fetched::Lines(taken.freeze(), units)
    }

    /// Whether a turn goes on.
    pub(super) fn is_turn(&self, turn: u64) -> bool {
        let out = self.lock();
        out.turn == turn && out.state != State::Broken
    }

    /// Begins to fetch, in the place of whoever did so far; answers the turn, or none if it is over.
    pub(super) fn attach(&self) -> Option<u64> {
        let mut out = self.lock();
        if out.state == State::Broken {
            return None;
        }
        out.turn += 1;
        out.alone_since = None;
        out.heard = Instant::now();
        self.filled.notify_waiters();
        self.changed.notify_waiters();
        Some(out.turn)
    }

    /// Ends a turn.
    pub(super) fn detach(&self, turn: u64) {
        let mut out = self.lock();
        if out.turn == turn {
            out.alone_since = Some(Instant::now());
            self.changed.notify_waiters();
        }
    }

    /// Notes a sign of life.
    pub(super) fn hear(&self) {
        self.lock().heard = Instant::now();
        self.changed.notify_waiters();
    }

    pub(super) fn signs(&self) -> Signs {
        let out = self.lock();
        Signs { state: out.state, heard: out.heard, alone_since: out.alone_since }
    }

    /// Whether all that was posted was fetched, to the end.
    pub(super) fn is_done(&self) -> bool {
        let out = self.lock();
        out.state == State::Broken || (out.lines.is_empty() && out.alone_since.is_some())
    }

    /// Until something is posted, or the turn ends. Ask for it before you look.
    pub(super) fn filled(&self) -> Notified<'_> {
        self.filled.notified()
    }

    /// Until it is over, the fetching begins or ends, or the client is heard. Ask for it before you look.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    fn give_up(&self, out: &mut Out) {
        out.state = State::Broken;
        out.lines = VecDeque::new();
        out.bytes = 0;
        self.filled.notify_waiters();
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The length of UTF-8 text as JavaScript counts it: one for each character, two for those beyond the first plane.
fn utf16_units(text: &[u8]) -> usize {
    text.iter().map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(*byte >= 0xF0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_javascript() {
        for text in ["", "abc", "grüße", "€ 5", "🙂", "a🙂ü€"] {
            assert_eq!(utf16_units(text.as_bytes()), text.encode_utf16().count(), "{text}");
        }
    }

    #[test]
    fn lines_come_once_in_order_and_a_turn_takes_no_more_than_it_has_room_for() {
        let mailbox = Mailbox::new(ConnectionId::new("c1"));
        let turn = mailbox.attach().unwrap();
        for text in ["first\n", "second\n", "third\n"] {
            assert_eq!(mailbox.post(&Bytes::from_static(text.as_bytes())), Delivery::Sent);
        }
        // "o\n" and "first\n" pass four units together; "second\n" passes zero alone.
        assert_eq!(mailbox.fetch(turn, 4), Fetched::Lines("o\nfirst\n".into(), 8));
        assert_eq!(mailbox.fetch(turn, 0), Fetched::Lines("second\n".into(), 7));
        mailbox.close("c\n".into());
        assert_eq!(mailbox.fetch(turn, 99), Fetched::Lines("third\nc\n".into(), 8));
        assert_eq!(mailbox.fetch(turn, 99), Fetched::Over);
        assert!(!mailbox.is_done(), "the request has not ended");
        mailbox.detach(turn);
        assert!(mailbox.is_done());
    }

    #[test]
    fn the_newest_request_fetches_and_an_older_one_ends() {
        let mailbox = Mailbox::new(ConnectionId::new("c1"));
        let old = mailbox.attach().unwrap();
        let new = mailbox.attach().unwrap();
        assert_eq!(mailbox.fetch(old, 99), Fetched::Over);
        mailbox.detach(old);
        assert!(mailbox.signs().alone_since.is_none(), "the newer one is there");
        assert_eq!(mailbox.fetch(new, 99), Fetched::Lines(wire::OPEN_LINE, 2));
        assert_eq!(mailbox.fetch(new, 99), Fetched::Nothing);
    }

    #[test]
    fn who_fetches_too_slowly_is_cut_off() {
        let mailbox = Mailbox::new(ConnectionId::new("c1"));
        let line = Bytes::from("x".repeat(10_000));
        let mut posted = 0;
        while mailbox.post(&line) == Delivery::Sent {
            posted += 1;
        }
        assert_eq!(posted, QUEUE_BYTES / 10_000);
        assert!(mailbox.attach().is_none() && mailbox.is_done());
    }
}
