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
        let departed = match self.take_member(&place, shard, id, asked).await? {
            Taken::Later => return Ok(Left::Overtaken),
            Taken::Yes(user) => Some(self.depart(id, &place, user, leaving).await?),
            Taken::No => None,
        };
        let is_over = departed.is_some();
        let link = match self.take_link(id, channel, asked, !is_over).await? {
            Unlinked::Link(link) => Some(link),
            Unlinked::Nothing => None,
            Unlinked::Overtaken if is_over => None,
            Unlinked::Overtaken => return Ok(Left::Overtaken),
        };
        match (departed, link) {
            (Some(departed), _) => Ok(Left::Gone(departed)),
            (None, Some(link)) => self.take_elsewhere(&place, id, link, leaving, asked).await,
            (None, None) => Ok(Left::NotSubscribed),
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
        if let Taken::Yes(user) = self.take_member(place, link.shard, id, asked).await? {
            let departed = self.depart(id, place, user, leaving).await?;
            self.undo_link(id, &place.channel, asked).await?;
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
    ) -> Result<(), Error> {
        if let Taken::Yes(user) = self.take_member(place, link.shard, id, link.asked).await? {
            self.depart(id, place, user, Leaving::Clean).await?;
        }
        self.undo_link(id, &place.channel, link.asked).await
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
