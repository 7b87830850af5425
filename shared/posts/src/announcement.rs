//! The effect of a rule: something to tell whoever watches.

/// An event to send on channels. Sending it can fail; what it tells about is stored already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Where to: each gets the same event.
    pub channels: Vec<String>,
    /// The event's name, such as `post:published`.
    pub event: String,
    /// The event's data: JSON as text, below 10 kB.
    pub data: String,
    /// The socket that started it and should not hear of it.
    pub except_socket: Option<String>,
}
