//! The verbs of posts: create, change, stop, and publish when due.
//!
//! Each verb is one file: a pure check from `posts`, one conditional write from `data`, then announcements.
//! The ticker is `tick` → `claim_posts` → `deliver` → `finish`; each step is safe to repeat and to race.

mod accounts;
mod announce;
mod cancel_post;
mod claim_posts;
mod clock;
mod create_post;
mod delete_post;
mod deliver;
mod edit_post;
mod finish;
mod get_post;
mod list_posts;
mod numbers;
mod ports;
mod publish_now;
mod refusal;
mod tick;
mod values;

use posts::Settings;

pub use ports::{Announcer, PublishTo};
pub use refusal::Refusal;
pub use values::{ListPosts, Page, TickReport};

/// Posts, accounts and the ticker, on a store, platforms and someone to announce to.
#[derive(Debug)]
pub struct Publishing<P, A> {
    data: data::Data,
    platforms: P,
    announcer: A,
    settings: Settings,
    /// Names this process in leases.
    process: String,
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Puts the parts together.
    pub fn new(data: data::Data, platforms: P, announcer: A, settings: Settings) -> Self {
        Self { data, platforms, announcer, settings, process: numbers::name() }
    }
}
