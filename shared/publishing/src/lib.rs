//! The verbs of posts: create, change, stop, and publish when due.
//!
//! Each verb is one file: a pure check from `posts`, one conditional write from `data`, then announcements.
//! The ticker is `tick` → `claim_posts` → `deliver_to` → `deliver` → `finish`; each step is safe to repeat and to race. What is
//! too much for one run goes `hand_over` → a queue → `take_over` → `deliver_to`.

mod accounts;
mod announce;
mod approve_post;
mod attempt;
mod backlog;
mod budget;
mod bulk;
mod busy;
mod cancel_post;
mod chores;
mod claim_posts;
mod claimed;
mod clock;
mod confirm_delivery;
mod connect_by_oauth;
mod create_post;
mod credentials;
mod delete_post;
mod deliver;
mod deliver_to;
mod edit_post;
mod finish;
mod gates;
mod gathered;
mod get_post;
mod hand_over;
mod lateness;
mod list_posts;
mod media;
mod notifications;
mod numbers;
mod payload;
mod ports;
mod publish_now;
mod reach;
mod reconnect_account;
mod refusal;
mod renew_ending;
mod reseal;
mod retry_post;
mod send_again;
mod series;
mod server_limits;
mod sweep_media;
mod take_over;
mod tick;
mod values;
mod waiting;
mod workspace;

use std::sync::Arc;

use ::media::Media;
use posts::Settings;
use vault::Vault;

pub use connect_by_oauth::{BeginConnect, Begun, BroughtBack};
pub use ports::{Announcer, HandOver, PublishTo};
pub use refusal::Refusal;
pub use values::{
    ListPosts, Notifications, Page, ResealReport, SeriesView, TickReport, WorkspaceView,
};

/// Posts, accounts and the ticker, on a store, a vault, platforms and someone to announce to.
#[derive(Debug)]
pub struct Publishing<P, A> {
    data: data::Data,
    vault: Arc<Vault>,
    gates: gates::Gates,
    backlog: backlog::Backlog,
    waiting: waiting::Waiting,
    busy: busy::Busy,
    planned: chores::Planned,
    media: Media,
    reached: reach::Reached,
    late: lateness::Late,
    allowed: workspace::Allowed,
    platforms: P,
    announcer: A,
    settings: Settings,
    /// Names this process in leases.
    process: String,
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Puts the parts together, without a place for pictures.
    pub fn new(
        data: data::Data,
        vault: Arc<Vault>,
        platforms: P,
        announcer: A,
        settings: Settings,
    ) -> Self {
        let (gates, backlog, waiting, busy) = Default::default();
        let (planned, reached, late, allowed) = Default::default();
        let (media, process) = (Media::none(), numbers::name());
        Self {
            data,
            vault,
            gates,
            backlog,
            waiting,
            busy,
            planned,
            reached,
            late,
            allowed,
            media,
            platforms,
            announcer,
            settings,
            process,
        }
    }

    /// The same with a place for pictures.
    #[must_use]
    pub fn with_media(self, media: Media) -> Self {
        Self { media, ..self }
    }
}
