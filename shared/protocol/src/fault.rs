//! Refusals that a client may see: a code of the protocol and a sentence.

/// Codes of `pusher:error` and of closes (Pusher's WebSocket protocol, "Error codes").
/// 4000–4099: do not come back; 4100–4199: come back after a pause; 4200–4299: come back at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// 4001: no app has this key.
    NoSuchApp,
    /// 4003: the app is switched off.
    AppDisabled,
    /// 4004: the app has as many connections as it may have.
    OverQuota,
    /// 4005: nothing is served at this path.
    PathNotFound,
    /// 4006: `protocol` is not a number.
    BadVersion,
    /// 4007: a protocol version that we do not speak.
    UnsupportedVersion,
    /// 4008: `protocol` is missing.
    NoVersion,
    /// 4009: not authorized.
    Unauthorized,
    /// 4100: over capacity, come back later.
    OverCapacity,
    /// 4201: no answer to our ping.
    PongMissing,
    /// 4301: client events came faster than allowed; the event is dropped, the connection stays.
    ClientEventRate,
    /// 4302: the watchlist is too long; the rest of it is ignored, the connection stays.
    WatchlistTooLong,
}

impl Code {
    /// The number on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::NoSuchApp => 4001,
            Self::AppDisabled => 4003,
            Self::OverQuota => 4004,
            Self::PathNotFound => 4005,
            Self::BadVersion => 4006,
            Self::UnsupportedVersion => 4007,
            Self::NoVersion => 4008,
            Self::Unauthorized => 4009,
            Self::OverCapacity => 4100,
            Self::PongMissing => 4201,
            Self::ClientEventRate => 4301,
            Self::WatchlistTooLong => 4302,
        }
    }
}

/// A refusal, fit to be shown. Without a code the connection goes on (Pusher sends `code: null`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The number sent along, if this refusal has one.
    pub code: Option<Code>,
    /// One sentence for whoever reads the client's log.
    pub message: String,
}

impl Fault {
    /// A refusal with a code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: Some(code), message: message.into() }
    }

    /// A refusal of one frame, after which the connection goes on.
    pub fn note(message: impl Into<String>) -> Self {
        Self { code: None, message: message.into() }
    }
}
