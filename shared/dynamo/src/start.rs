//! The beginning of a join: the link, written when nothing else of the pair is under way.
//!
//! Two verbs about one subscription may run at once, in two processes. A link without a member tells of a join or a leave that
//! is under way: whoever comes meanwhile waits for it, and once it must be over takes its place.

use std::time::Duration;

use channels::{Connection, Joined, Leaving};
use protocol::ConnectionId;

use crate::keys::Place;
use crate::links::{Link, Linked, Over};
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
        let mut remains: Option<Link> = None;
        for _ in 0..LOOKS {
            let over = remains.as_ref().map_or(Over::Nothing, Over::Remains);
            match self.put_link(place, &by.id, link, over).await? {
                Linked::New => return Ok(None),
                Linked::Overtaken => return Ok(Some(Joined::Overtaken)),
                Linked::Undoing => {}
                Linked::Already(was) if was.asked >= link.asked => {
                    return Ok(Some(Joined::Already));
                }
                Linked::Already(was) => {
                    // The member first: a leave that finds the younger one is too late.
                    if self.want_member(place, was.shard, &by.id, link.asked).await? {
                        return Ok(Some(self.keep_link(place, &by.id, link, &was).await?));
                    }
                    remains = self.is_left_halfway(&was).then_some(was);
                    if let Some(was) = &remains {
                        self.clear(place, &by.id, was).await?;
                        continue;
                    }
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(Error::Busy(LOOKS as usize))
    }

    /// Makes the link as young as its member; anew if a leave from before has ended it meanwhile.
    async fn keep_link(
        &self,
        place: &Place,
        id: &ConnectionId,
        link: &Link,
        was: &Link,
    ) -> Result<Joined, Error> {
        if self.want_link(id, &place.channel, link.asked).await? {
            return Ok(Joined::Already);
        }
        let (shard, user, joined) = (was.shard, was.user.clone(), was.joined);
        let again = Link { shard, user, joined, asked: link.asked, expires_s: link.expires_s };
        if let Linked::Overtaken = self.put_link(place, id, &again, Over::Mark).await? {
            // Nobody but this join knows that the member is wanted less than the leave.
            self.withdraw(place, id, &again, link.asked).await?;
            return Ok(Joined::Overtaken);
        }
        Ok(Joined::Already)
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
