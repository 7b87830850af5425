//! The turns that verbs about one subscription take, in however many processes they run.
//!
//! A subscription is off (no link that holds), on (a link and its member), or under way: a link without a member. Only the
//! verb that made it so goes on from there: a join, which writes its link over none, until it writes the member; a leave,
//! which deletes the member, until it ends the link. Both are writes that succeed once. Whoever comes meanwhile waits; and if
//! that takes long and the link is old, the other was killed, and the next one takes its place.

use std::time::Duration;

use channels::{Connection, Joined, Leaving};
use protocol::ConnectionId;

use crate::keys::Place;
use crate::links::{Link, Linked, Over};
use crate::members::Wanted;
use crate::settle::QUIET_MS;
use crate::{DynamoStore, Error};

/// How often another verb is looked for again. Ours: many times as often as a verb asks the table, so that one which gets an
/// answer now and then is never given up.
const LOOKS: u32 = 30;
/// How long before each look, the first ones sooner. Ours: a verb mostly takes some milliseconds.
const SOON: Duration = Duration::from_millis(5);
const LATER: Duration = Duration::from_millis(50);

/// Somebody who waits for another verb's turn to end.
#[derive(Default)]
pub(crate) struct Waiting {
    looks: u32,
    seen: Option<Link>,
}

impl Waiting {
    /// Waits a bit for the verb that has this link under way. `false`: long enough, nothing has moved since the first look.
    pub(crate) async fn look(&mut self, link: &Link) -> bool {
        if self.seen.as_ref().is_none_or(|it| it.joined != link.joined) {
            *self = Self { looks: 0, seen: Some(link.clone()) };
        }
        self.looks += 1;
        tokio::time::sleep(if self.looks * 3 < LOOKS { SOON } else { LATER }).await;
        self.looks < LOOKS
    }
}

impl DynamoStore {
    /// Begins a join: writes the link; or answers why not.
    pub(crate) async fn start(
        &self,
        place: &Place,
        by: &Connection,
        link: &Link,
    ) -> Result<Option<Joined>, Error> {
        let (mut waiting, mut remains) = (Waiting::default(), None);
        loop {
            let over = remains.as_ref().map_or(Over::Nothing, Over::Remains);
            let was = match self.put_link(place, &by.id, link, over).await? {
                Linked::New => {
                    if let Some(was) = &remains {
                        self.clear(place, &by.id, was).await?;
                    }
                    return Ok(None);
                }
                Linked::Overtaken => return Ok(Some(Joined::Overtaken)),
                Linked::Already(was) => was,
            };
            match self.want_member(place, was.shard, &by.id, link.joined).await? {
                Wanted::Now | Wanted::Later => return Ok(Some(Joined::Already)),
                Wanted::Missing if waiting.look(&was).await => remains = None,
                Wanted::Missing => remains = Some(self.abandoned(was)?),
            }
        }
    }

    /// A link that was waited for long enough, if it is older than any verb takes.
    ///
    /// # Errors
    /// When it is not: whoever wrote it may only be slow.
    pub(crate) fn abandoned(&self, link: Link) -> Result<Link, Error> {
        let written_ms = link.expires_s.saturating_sub(self.settings.life_s) * 1_000;
        let is_old = written_ms.saturating_add(QUIET_MS) <= self.now_ms();
        if is_old { Ok(link) } else { Err(Error::Busy(LOOKS as usize)) }
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
