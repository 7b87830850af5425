//! Leave: the member's row goes by a delete that succeeds once, and whoever did it counts the rest, and then ends the link.

use channels::{Absence, Asked, Connection, Departed, Leaving, Left};
use protocol::{AppId, ChannelName, ConnectionId, UserId};

use crate::keys::Place;
use crate::links::{Link, Unlinked};
use crate::members::Taken;
use crate::{DynamoStore, Error};

impl DynamoStore {
    pub(crate) async fn unsubscribe(
        &self,
        connection: &Connection,
        channel: &ChannelName,
        leaving: Leaving,
        asked: Asked,
    ) -> Result<Left, Error> {
        let place = Place::of(&connection.app.id, channel);
        let id = &connection.id;
        let shard = self.shards.guess(&place, id);
        match self.take_member(&place, shard, id, asked).await? {
            Taken::Later => return Ok(Left::Overtaken),
            Taken::Yes(user, joined) => {
                let departed = self.depart(id, &place, user, leaving).await?;
                let ended = self.take_link(id, channel, asked, Some(joined)).await?;
                if !matches!(ended, Unlinked::Another) {
                    return Ok(Left::Gone(departed));
                }
                // The client came back meanwhile, by a wish that may be older than this one as well.
                Box::pin(self.unlink(&place, id, leaving, asked)).await?;
                return Ok(Left::Gone(departed));
            }
            Taken::No => {}
        }
        self.unlink(&place, id, leaving, asked).await
    }

    /// Ends a link whose member is not where it was looked for.
    async fn unlink(
        &self,
        place: &Place,
        id: &ConnectionId,
        leaving: Leaving,
        asked: Asked,
    ) -> Result<Left, Error> {
        match self.take_link(id, &place.channel, asked, None).await? {
            Unlinked::Link(link) => self.take_elsewhere(place, id, link, leaving, asked).await,
            Unlinked::Nothing | Unlinked::Another => Ok(Left::NotSubscribed),
            Unlinked::Overtaken => Ok(Left::Overtaken),
        }
    }

    /// There was a link and no member where it was looked for: it is in another shard, or a join is under way or was left
    /// halfway.
    async fn take_elsewhere(
        &self,
        place: &Place,
        id: &ConnectionId,
        link: Link,
        leaving: Leaving,
        asked: Asked,
    ) -> Result<Left, Error> {
        if let Taken::Yes(user, joined) = self.take_member(place, link.shard, id, asked).await? {
            let departed = self.depart(id, place, user, leaving).await?;
            self.undo_link(id, &place.channel, joined).await?;
            return Ok(Left::Gone(departed));
        }
        if self.is_left_halfway(&link) {
            self.clear(place, id, &link).await?;
        } else {
            self.doubt(place).await?;
        }
        Ok(Left::NotSubscribed)
    }

    /// Takes a join back that came to nothing.
    pub(crate) async fn withdraw(
        &self,
        place: &Place,
        id: &ConnectionId,
        link: &Link,
        until: Asked,
    ) -> Result<(), Error> {
        if let Taken::Yes(user, _) = self.take_member(place, link.shard, id, until).await? {
            self.depart(id, place, user, Leaving::Clean).await?;
        }
        if until == Asked::LAST {
            return self.take_link(id, &place.channel, until, None).await.map(drop);
        }
        self.undo_link(id, &place.channel, link.joined).await
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
