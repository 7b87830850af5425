//! The end of a post by its author's hand.

use crate::refused::still_open;
use crate::{Conflict, Post, PostStatus, Stage, Timestamp};

impl Post {
    /// The post stopped before its time. Fails if it is not open any more.
    pub fn cancel(&self, now: Timestamp) -> Result<Self, Conflict> {
        still_open(self)?;
        Ok(self.moved(Stage::Cancelled { cancelled_at: now }, now))
    }

    /// Whether the post can be deleted: at any time but while it is publishing.
    pub fn check_delete(&self) -> Result<(), Conflict> {
        if self.status() == PostStatus::Publishing {
            Err(Conflict::AlreadyPublishing)
        } else {
            Ok(())
        }
    }
}
