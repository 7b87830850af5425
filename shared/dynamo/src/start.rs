//! The beginning of a join: the link, written when nothing else of the pair is under way.
//!
//! Two verbs about one subscription may run at once, in two processes. A link without a member tells of a join or a leave that
//! is under way: whoever comes meanwhile waits for it, and once it must be over takes its place.

use std::time::Duration;

use channels::{Connection, Joined, Leaving};
use protocol::ConnectionId;

use crate::keys::Place;
use crate::links::{Link, Linked};
use crate::settle::QUIET_MS;
use crate::{DynamoStore, Error};

/// How often another verb is waited for, and how long each time. Ours: together longer than a verb mostly takes.
const LOOKS: u32 = 40;
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl DynamoStore {
    /// Writes the link; or answers why not.
    pub(crate) async fn start(
        &self,
        place: &Place,
        by: &Connection,
        link: &Link,
    ) -> Result<Option<Joined>, Error> {
        let mut over: Option<Link> = None;
        for _ in 0..LOOKS {
            match self.put_link(place, &by.id, link, over.as_ref()).await? {
                Linked::New => return Ok(None),
                Linked::Overtaken => return Ok(Some(Joined::Overtaken)),
                Linked::Undoing => {}
                Linked::Already(was) if was.asked >= link.asked => {
                    return Ok(Some(Joined::Already));
                }
                Linked::Already(was) => {
                    // The member first: a leave that finds the younger one is too late.
                    if self.want_member(place, was.shard, &by.id, link.asked).await? {
                        self.want_link(&by.id, &place.channel, link.asked).await?;
                        return Ok(Some(Joined::Already));
                    }
                    over = self.is_left_halfway(&was).then_some(was);
                    if let Some(was) = &over {
                        self.clear(place, &by.id, was).await?;
                        continue;
                    }
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(Error::Busy(LOOKS as usize))
    }

    /// Whether a link without a member is older than any verb takes.
    pub(crate) fn is_left_halfway(&self, link: &Link) -> bool {
        let written_ms = link.expires_s.saturating_sub(self.settings.life_s) * 1_000;
        written_ms.saturating_add(QUIET_MS) <= self.now_ms()
    }

    /// Ends what a verb left halfway besides its link.
    pub(crate) async fn clear(
        &self,
        place: &Place,
        id: &ConnectionId,
        link: &Link,
    ) -> Result<(), Error> {
        if let Some(user) = &link.user {
            self.unseat(place.user(user), id).await?;
            // Also if the connection was taken out before: the row may have been left empty.
            self.miss_user(place.user(user), id, Leaving::Clean).await?;
        }
        self.doubt(place).await
    }
}
