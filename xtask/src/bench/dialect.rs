//! The words of the two protocols, as far as a subscriber needs them.

/// Credentials of the app that the benchmark starts our server with.
pub(crate) const APP_ID: &str = "1001";
/// The app's key.
pub(crate) const KEY: &str = "bench-key";
/// The app's secret: used on loopback only.
pub(crate) const SECRET: &str = "bench-secret";

/// Whom we talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Pusher Channels, protocol 7.
    Pusher,
    /// Engine.IO 4 over WebSocket, carrying Socket.IO 5.
    SocketIo,
}

/// What to do about a message from the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Say this and wait on.
    Say(String),
    /// The subscription stands.
    Ready,
    /// A published event.
    Delivery,
    /// Nothing.
    Ignore,
    /// The server refused.
    Refused,
}

impl Dialect {
    /// The name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pusher => "Pushbridge",
            Self::SocketIo => "Socket.IO",
        }
    }

    /// What the upgrade asks for.
    pub(crate) fn path(self) -> String {
        match self {
            Self::Pusher => format!("/app/{KEY}?protocol=7&client=bench&version=1.0"),
            Self::SocketIo => "/socket.io/?EIO=4&transport=websocket".to_owned(),
        }
    }

    /// Decides by the first characters: a delivery costs no parsing.
    pub(crate) fn step(self, text: &[u8], room: &str) -> Step {
        match self {
            Self::Pusher => pusher(text, room),
            Self::SocketIo => socket_io(text, room),
        }
    }
}

fn pusher(text: &[u8], room: &str) -> Step {
    match text.get(10..) {
        Some(rest) if rest.starts_with(b"bench\"") => Step::Delivery,
        Some(rest) if rest.starts_with(b"pusher:connection_established\"") => Step::Say(format!(
            r#"{{"event":"pusher:subscribe","data":{{"auth":"","channel":"{room}"}}}}"#
        )),
        Some(rest) if rest.starts_with(b"pusher_internal:subscription_succeeded\"") => Step::Ready,
        Some(rest) if rest.starts_with(b"pusher:ping\"") => {
            Step::Say(r#"{"event":"pusher:pong","data":{}}"#.to_owned())
        }
        Some(rest) if rest.starts_with(b"pusher:error\"") => Step::Refused,
        _ => Step::Ignore,
    }
}

fn socket_io(text: &[u8], room: &str) -> Step {
    match text {
        [b'4', b'2', ..] => Step::Delivery,
        [b'0', ..] => Step::Say("40".to_owned()),
        [b'4', b'0', ..] => Step::Say(format!(r#"420["join","{room}"]"#)),
        [b'4', b'3', ..] => Step::Ready,
        [b'2', ..] => Step::Say("3".to_owned()),
        [b'4', b'4', ..] => Step::Refused,
        _ => Step::Ignore,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dialects_reach_ready_and_count_deliveries() {
        for (dialect, hello, ready, delivery) in [
            (
                Dialect::Pusher,
                r#"{"event":"pusher:connection_established","data":"{}"}"#,
                r#"{"event":"pusher_internal:subscription_succeeded","channel":"r","data":"{}"}"#,
                r#"{"event":"bench","channel":"r","data":"x"}"#,
            ),
            (Dialect::SocketIo, r#"40{"sid":"a"}"#, "430[]", r#"42["bench","x"]"#),
        ] {
            assert!(
                matches!(dialect.step(hello.as_bytes(), "r"), Step::Say(text) if text.contains("\"r\""))
            );
            assert_eq!(dialect.step(ready.as_bytes(), "r"), Step::Ready);
            assert_eq!(dialect.step(delivery.as_bytes(), "r"), Step::Delivery);
            assert_eq!(dialect.step(b"", "r"), Step::Ignore);
        }
    }
}
