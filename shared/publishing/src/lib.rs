//! The verbs of posts: create, change, stop, and publish when due.
//!
//! Each verb is one file: a pure check from `posts`, one conditional write from `data`, then announcements.

mod ports;
mod refusal;
mod settings;
mod signatures;

pub use ports::{Announcer, PublishTo};
pub use refusal::Refusal;
pub use settings::{ListPosts, Page, Settings, TickReport};

/// Posts, accounts and the ticker, on a store, platforms and someone to announce to.
#[derive(Debug)]
pub struct Publishing<P, A> {
    data: data::Data,
    platforms: P,
    announcer: A,
    settings: Settings,
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Puts the parts together.
    pub fn new(data: data::Data, platforms: P, announcer: A, settings: Settings) -> Self {
        Self { data, platforms, announcer, settings }
    }
}
