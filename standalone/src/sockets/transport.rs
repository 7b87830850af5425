//! What carries a connection: a WebSocket, or requests of pusher-js where WebSockets do not get through.

use std::sync::Arc;

use protocol::{Code, ConnectionId, Fault, ServerFrame};
use service::Delivery;

use super::mailbox::Mailbox;
use super::socket::Socket;
use super::wire::{self, Encoded};

/// What still may happen to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Frames may be posted.
    Open,
    /// A close is the last thing posted.
    Closing,
    /// Nothing can be written any more.
    Broken,
}

/// Most bytes that may wait for a slow reader, beside what its kernel buffer holds. Ours:
/// a reader that is further behind is closed, so that it slows nobody.
pub(super) const QUEUE_BYTES: usize = 256 * 1024;

/// The way to one client. Cheap to clone.
#[derive(Clone)]
pub(super) enum Transport {
    /// A WebSocket.
    Socket(Arc<Socket>),
    /// What requests fetch: `xhr_streaming` and `xhr_polling`.
    Mailbox(Arc<Mailbox>),
}

impl Transport {
    pub(super) fn id(&self) -> &ConnectionId {
        match self {
            Self::Socket(socket) => &socket.id,
            Self::Mailbox(mailbox) => &mailbox.id,
        }
    }

    /// Posts a frame.
    pub(super) fn post(&self, frame: &Encoded<'_>) -> Delivery {
        match self {
            Self::Socket(socket) => socket.post(frame.message()),
            Self::Mailbox(mailbox) => mailbox.post(frame.line()),
        }
    }

    /// Posts the last thing: a close with its code.
    pub(super) fn close(&self, code: u16, reason: &str) {
        match self {
            Self::Socket(socket) => socket.close(wire::close(code, reason)),
            Self::Mailbox(mailbox) => mailbox.close(wire::close_line(code, reason)),
        }
    }

    /// Closes because nobody will listen any more: who is not there now will not be told.
    pub(super) fn go_away(&self, code: u16, reason: &str) {
        self.close(code, reason);
        if let Self::Mailbox(mailbox) = self {
            mailbox.abandon_if_alone();
        }
    }

    /// The error as a frame, then a close with the same code.
    pub(super) fn refuse(&self, fault: &Fault) {
        self.post(&Encoded::new(&ServerFrame::Error(fault).encode()));
        let code = fault.code.unwrap_or(Code::OverCapacity).number();
        self.close(code, &fault.message);
    }
}
