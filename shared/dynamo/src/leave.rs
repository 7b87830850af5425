//! Leave: the member's row goes by a delete that succeeds once, and whoever did it counts the rest.

use channels::{Absence, Asked, Connection, Departed, Leaving, Left};
use protocol::{AppId, ChannelName, ConnectionId, UserId};

use crate::channel::Going;
use crate::item::text_of;
use crate::keys::Place;
use crate::links::Unlinked;
use crate::{DynamoStore, Error};

impl DynamoStore {
    pub(crate) async fn unsubscribe(
        &self,
        connection: &Connection,
        channel: &ChannelName,
        leaving: Leaving,
        asked: Asked,
    ) -> Result<Left, Error> {
        let link = match self.take_link(&connection.id, channel, asked).await? {
            Unlinked::Link(link) => link,
            Unlinked::Nothing => return Ok(Left::NotSubscribed),
            Unlinked::Overtaken => return Ok(Left::Overtaken),
        };
        let place = Place::of(&connection.app.id, channel);
        // Without a member the join is still under way: it will find the link gone, and undo itself.
        let departed = self.depart(&connection.id, &place, link.shard, leaving).await?;
        Ok(departed.map_or(Left::NotSubscribed, Left::Gone))
    }

    /// Ends a membership and what depends on it; nothing if somebody else did.
    pub(crate) async fn depart(
        &self,
        id: &ConnectionId,
        place: &Place,
        shard: u32,
        leaving: Leaving,
    ) -> Result<Option<Departed>, Error> {
        let Some(member) = self.table.take(place.member(shard, id)).await? else {
            return Ok(None);
        };
        let mut user = text_of(&member, "u").map(UserId::new);
        if let Some(it) = &user
            && !(self.unseat(place.user(it), id).await?
                && self.miss_user(place.user(it), id, leaving).await?)
        {
            user = None;
        }
        let is_lost = leaving == Leaving::Lost;
        let going = Going {
            subscriptions: 1,
            users: i64::from(user.is_some() && !is_lost),
            lost: is_lost.then_some(id),
            over: None,
        };
        let left = self.go(place, &going).await?.subscriptions;
        let subscriptions = usize::try_from(left).unwrap_or_default();
        Ok(Some(Departed { user, vacated: subscriptions == 0, subscriptions }))
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
        let users = i64::from(user.is_some());
        let over = Some(&absence.connection);
        let gone = self.go(&place, &Going { subscriptions: 0, users, lost: None, over }).await?;
        let subscriptions = usize::try_from(gone.subscriptions).unwrap_or_default();
        Ok(Departed { user, vacated: gone.ended, subscriptions })
    }
}
