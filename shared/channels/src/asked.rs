//! The order of what one client asked for.

/// When a client asked for something, on its transport's clock. API Gateway may hand over two messages of one connection
/// at once and in any order: of two wishes about one subscription the one asked for later counts. Of two of the same
/// moment that is the one that was handled last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked(u64);

impl Asked {
    /// Before all that a client asks for.
    pub const FIRST: Self = Self(0);
    /// After all that a client can ask for: the connection is over.
    pub const LAST: Self = Self(u64::MAX);

    /// At so many milliseconds on a clock that is never set back during a connection (API Gateway: `requestTimeEpoch`).
    pub const fn at_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// The milliseconds.
    pub fn ms(self) -> u64 {
        self.0
    }
}
