//! A request that fetches what waits in a mailbox: a stream of lines that lasts (`xhr_streaming`), or one
//! answer (`xhr_polling`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::mailbox::{Fetched, Mailbox};
use super::wire;

/// Characters after which pusher-js asks for a new stream (its `MAX_BUFFER_LENGTH`), once it has read what it
/// got to the end. What were sent beyond that would be lost.
pub(super) const STREAM_UNITS: usize = 256 * 1024;

/// How a request fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// For as long as it may.
    Streaming,
    /// Once.
    Polling,
}

/// What a request may still be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// So many characters, as JavaScript counts them.
    Room(usize),
    /// Nothing: its client is about to ask anew.
    Full,
    /// Nothing: it has its answer.
    Answered,
}

/// A request that fetches. Its end is noticed.
pub(super) struct Receiver {
    mailbox: Arc<Mailbox>,
    turn: u64,
    kind: Kind,
    heartbeat: Duration,
    rest: Rest,
}

impl Receiver {
    /// Fetches in the place of any earlier request; none if the connection is over.
    pub(super) fn attach(mailbox: Arc<Mailbox>, kind: Kind, heartbeat: Duration) -> Option<Self> {
        let turn = mailbox.attach()?;
        Some(Self { mailbox, turn, kind, heartbeat, rest: Rest::Room(STREAM_UNITS) })
    }

    /// The next lines; none when the answer ends.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        let mailbox = Arc::clone(&self.mailbox);
        let quiet = tokio::time::sleep(self.heartbeat);
        tokio::pin!(quiet);
        loop {
            let filled = mailbox.filled();
            let room = match self.rest {
                Rest::Room(room) => room,
                Rest::Full if mailbox.is_turn(self.turn) => {
                    filled.await;
                    continue;
                }
                Rest::Full | Rest::Answered => return None,
            };
            match mailbox.fetch(self.turn, room) {
                Fetched::Lines(lines, units) => return Some(self.answered(lines, room, units)),
                Fetched::Over => return None,
                Fetched::Nothing => {}
            }
            tokio::select! {
                () = filled => {}
                () = &mut quiet => {
                    let beat = wire::HEARTBEAT_LINE;
                    let units = beat.len();
                    return Some(self.answered(beat, room, units));
                }
            }
        }
    }

    fn answered(&mut self, lines: Bytes, room: usize, units: usize) -> Bytes {
        self.rest = match self.kind {
            Kind::Polling => Rest::Answered,
            Kind::Streaming => room.checked_sub(units).map_or(Rest::Full, Rest::Room),
        };
        lines
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.mailbox.detach(self.turn);
    }
}
