//! Leave: the member's row goes by a delete that succeeds once, and whoever did it counts the rest, and then ends the link.

use channels::{Absence, Asked, Connection, Departed, Leaving, Left};
use protocol::{AppId, ChannelName, ConnectionId, UserId};

use crate::keys::Place;
use crate::links::Link;
use crate::members::Taken;
use crate::start::Waiting;
use crate::{DynamoStore, Error};

/// Who leaves, how, and since when that is wished for.
#[derive(Clone, Copy)]
struct Leave<'a> {
    id: &'a ConnectionId,
    leaving: Leaving,
    asked: Asked,
}

impl DynamoStore {
    pub(crate) async fn unsubscribe(
        &self,
        connection: &Connection,
        channel: &ChannelName,
        leaving: Leaving,
        asked: Asked,
    ) -> Result<Left, Error> {
        let place = Place::of(&connection.app.id, channel);
        let leave = Leave { id: &connection.id, leaving, asked };
        let shard = self.shards.guess(&place, leave.id);
        if let Some(left) = self.take(&place, shard, leave).await? {
            return Ok(left);
        }
        let mut waiting = Waiting::default();
        while let Some(link) = self.note_leave(leave.id, channel, asked).await? {
            if let Some(left) = self.take(&place, link.shard, leave).await? {
                return Ok(left);
            }
            if !waiting.look(&link).await {
                return self.take_over(&place, leave, link).await;
            }
        }
        Ok(Left::NotSubscribed)
    }

    /// Takes the member away, if it is where it is looked for, and ends what depends on it.
    async fn take(
        &self,
        place: &Place,
        shard: u32,
        Leave { id, leaving, asked }: Leave<'_>,
    ) -> Result<Option<Left>, Error> {
        let (user, joined) = match self.take_member(place, shard, id, asked).await? {
            Taken::Yes(user, joined) => (user, joined),
            Taken::Later => return Ok(Some(Left::Overtaken)),
            Taken::No => return Ok(None),
        };
        let departed = self.depart(id, place, user, leaving).await?;
        self.end_link(id, &place.channel, asked, joined).await?;
        Ok(Some(Left::Gone(departed)))
    }

    /// Ends what a verb left halfway that was waited for in vain.
    async fn take_over(
        &self,
        place: &Place,
        Leave { id, asked, .. }: Leave<'_>,
        link: Link,
    ) -> Result<Left, Error> {
        match self.abandoned(link) {
            Ok(link) => {
                self.end_link(id, &place.channel, asked, link.joined).await?;
                self.clear(place, id, &link).await?;
            }
            // A join that only is slow finds its connection closed, and undoes itself.
            Err(_) if asked == Asked::LAST => self.doubt(place).await?,
            Err(busy) => return Err(busy),
        }
        Ok(Left::NotSubscribed)
    }

    /// Takes a join back at once; `None` if somebody else was faster.
    pub(crate) async fn withdraw(
        &self,
        place: &Place,
        id: &ConnectionId,
        shard: u32,
    ) -> Result<Option<Departed>, Error> {
        let leave = Leave { id, leaving: Leaving::Clean, asked: Asked::LAST };
        Ok(match self.take(place, shard, leave).await? {
            Some(Left::Gone(departed)) => Some(departed),
            _ => None,
        })
    }

    /// What ends with a membership.
    async fn depart(
        &self,
        id: &ConnectionId,
        place: &Place,
        mut user: Option<UserId>,
        leaving: Leaving,
    ) -> Result<Departed, Error> {
        if let Some(it) = &user
            && !(self.unseat(place.user(it), id).await?
                && self.miss_user(place.user(it), id, leaving).await?)
        {
            user = None;
        }
        let lost = (leaving == Leaving::Lost).then_some(id);
        let gone = self.go(place, user.is_some() && lost.is_none(), lost).await?;
        Ok(Departed { user, vacated: gone.vacated, subscriptions: gone.subscriptions })
    }

    pub(crate) async fn confirm(
        &self,
        app: &AppId,
        channel: &ChannelName,
        absence: &Absence,
    ) -> Result<Departed, Error> {
        let place = Place::of(app, channel);
        let mut user = absence.user.clone();
        if let Some(it) = &user
            && !self.end_absence(place.user(it), &absence.connection).await?
        {
            user = None;
        }
        let gone = self.end(&place, user.is_some(), &absence.connection).await?;
        Ok(Departed { user, vacated: gone.vacated, subscriptions: gone.subscriptions })
    }
}
