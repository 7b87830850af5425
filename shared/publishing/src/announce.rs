//! Telling whoever watches, after the commit. It never fails the work.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use posts::Announcement;

use crate::{Announcer, PublishTo, Publishing};

/// How long an announcement may take. Source: the event contract, "bounded to 2 s".
const PATIENCE: Duration = Duration::from_secs(2);

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Announces one after the other, so that watchers hear of them in order.
    pub(crate) async fn announce(&self, announcements: impl IntoIterator<Item = Announcement>) {
        for announcement in announcements {
            let event = announcement.event.clone();
            let told = AssertUnwindSafe(self.announcer.announce(announcement)).catch_unwind();
            match tokio::time::timeout(PATIENCE, told).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => tracing::error!(event, "the announcer panicked; the event is lost"),
                Err(_) => {
                    tracing::warn!(event, "the announcer took over 2 s; the event may be lost")
                }
            }
        }
    }
}
