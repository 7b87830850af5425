//! The connections of one machine: what carries them, their sessions, and the registry that is the
//! service's way out. WebSockets are `handshake`, `socket`, `session`; where those do not get through, requests of
//! pusher-js are `fallback`, `mailbox`, `receiver`, `xhr`.

mod door;
mod fallback;
mod handshake;
mod mailbox;
mod receiver;
mod registry;
mod session;
mod silence;
mod socket;
mod transport;
mod wire;
mod xhr;

#[cfg(test)]
mod tests;

pub(crate) use door::Door;
pub(crate) use fallback::{Held, router};
pub(crate) use handshake::is_websocket;
pub(crate) use registry::Sockets;
pub(crate) use silence::Timing;
