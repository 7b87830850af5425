//! The Pusher Channels protocol, version 7: names, frames, faults and limits.
//!
//! Everything here is pure. It is the only crate that knows Pusher's JSON.
//! Source of the rules: Pusher's "WebSocket protocol" and "HTTP API" references.

mod channel;
mod client;
mod fault;
mod ids;
pub mod limits;
mod roster;
mod server;

pub use channel::{ChannelKind, ChannelName, EventName, NameError};
pub use client::{ClientEvent, ClientFrame, SignIn, Subscribe};
pub use fault::{Code, Fault};
pub use ids::{AppId, AppKey, ConnectionId, Serial, SocketId, UserId};
pub use roster::{Member, Roster};
pub use server::{Data, Frame, ServerFrame};
