//! The rules of connections, channels and presence, as pure functions.
//!
//! Every verb is two halves around one store change: a check that turns a request into a
//! change or a refusal, and a function that turns the store's answer into [`Effect`]s.
//! Nothing here knows a runtime, a clock or a transport.

mod app;
mod asked;
pub mod authorize;
pub mod client_event;
pub mod connect;
mod effect;
pub mod events_after;
pub mod get_channel;
mod hook;
mod job;
pub mod list_channels;
pub mod list_users;
pub mod publish;
mod recorded;
mod shared;
pub mod sign_in;
pub mod subscribe;
pub mod subscription_count;
pub mod terminate_connections;
pub mod unsubscribe;
pub mod usage;

#[cfg(test)]
mod testing;

pub use app::{App, Apps, AppsError, HistoryRule, Limits};
pub use asked::Asked;
pub use client_event::Spoken;
pub use connect::Connection;
pub use effect::Effect;
pub use events_after::EventsAfter;
pub use get_channel::GetChannel;
pub use hook::Hook;
pub use job::{CONFIRM_LEAVE, Job};
pub use list_channels::ListChannels;
pub use publish::{Counts, Info, Publish};
pub use recorded::{Cached, Depth, Keep, Missed, Recorded};
pub use shared::SharedApps;
pub use sign_in::{SignIn, SignedIn};
pub use subscribe::{Join, Joined, Passed, Presence};
pub use unsubscribe::{Absence, Departed, Leaving, Left};
