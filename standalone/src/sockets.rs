//! The WebSocket side of one machine: sockets, their sessions, and the registry that is the
//! service's way out.

mod handshake;
mod registry;
mod session;
mod socket;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use handshake::{Door, is_websocket};
pub(crate) use registry::Sockets;
pub(crate) use session::Timing;
