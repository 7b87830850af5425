//! How long a client may say nothing, whatever carries what it says.

use std::time::Duration;

use protocol::limits::{ACTIVITY_TIMEOUT_S, PONG_TIMEOUT_S};
use tokio::time::Instant;

/// How long silences may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// Silence of the client after which it is pinged. Longer than the client's own
    /// timeout, so that healthy clients ping first.
    pub(crate) silence: Duration,
    /// Silence after the ping after which it is closed.
    pub(crate) pong: Duration,
    /// How long a close may take before the connection is cut.
    pub(crate) close: Duration,
    /// How long a client of the HTTP transports may go without a request that receives
    /// (`disconnect_delay` of SockJS, whose wire this is).
    pub(crate) absence: Duration,
    /// Pause after which a request that receives is told something (`heartbeat_delay` of SockJS):
    /// proxies end what stays silent for a minute.
    pub(crate) heartbeat: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(ACTIVITY_TIMEOUT_S + PONG_TIMEOUT_S),
            pong: Duration::from_secs(PONG_TIMEOUT_S),
            close: Duration::from_secs(2),
            absence: Duration::from_secs(5),
            heartbeat: Duration::from_secs(25),
        }
    }
}

/// What a silence calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lapse {
    /// Nothing yet.
    None,
    /// A ping.
    Ping,
    /// The end: the ping was not answered.
    End,
}

/// The silence of one client.
pub(super) struct Silence {
    pub(super) timing: Timing,
    /// When it lapses next.
    pub(super) deadline: Instant,
    pinged: bool,
}

impl Silence {
    pub(super) fn new(timing: Timing) -> Self {
        Self { timing, deadline: Instant::now() + timing.silence, pinged: false }
    }

    /// Notes a sign of life.
    pub(super) fn heard(&mut self, at: Instant) {
        self.deadline = at + self.timing.silence;
        self.pinged = false;
    }

    /// Looks at the clock.
    pub(super) fn lapsed(&mut self) -> Lapse {
        let now = Instant::now();
        if now < self.deadline {
            return Lapse::None;
        }
        if self.pinged {
            return Lapse::End;
        }
        self.pinged = true;
        self.deadline = now + self.timing.pong;
        Lapse::Ping
    }
}
