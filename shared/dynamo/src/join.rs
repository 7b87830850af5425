//! Join: link, user, count, member, and then a look whether the connection is still there.

use channels::{Asked, Connection, Join, Joined, Leaving, Presence};
use protocol::limits::CHANNELS_PER_CONNECTION;

use crate::channel::Coming;
use crate::keys::{Place, shard_of};
use crate::links::{Link, Linked};
use crate::users::Seated;
use crate::{DynamoStore, Error};

impl DynamoStore {
    pub(crate) async fn subscribe(
        &self,
        connection: &Connection,
        join: &Join,
        asked: Asked,
    ) -> Result<Joined, Error> {
        let place = Place::of(&connection.app.id, &join.channel);
        let channel = self.channel(&place).await?;
        let limits = &connection.app.limits;
        if let Some(member) = &join.member
            && channel.counts().users >= limits.presence_members
            && !self.has_user(&place, &member.user_id).await?
        {
            return Ok(Joined::Full);
        }
        let shard = shard_of(&connection.id, channel.shards);
        let user = join.member.as_ref().map(|member| member.user_id.clone());
        let link = Link { shard, user };
        match self.put_link(&connection.id, &join.channel, &link, asked).await? {
            Linked::New => {}
            Linked::Already => return Ok(Joined::Already),
            Linked::Overtaken => return Ok(Joined::Overtaken),
        }
        let first_of_user = match &join.member {
            Some(member) => {
                let info = member.user_info.as_ref().map_or("", |raw| raw.get());
                let key = place.user(&member.user_id);
                self.seat(key, info, &connection.id, None).await? == Seated::First
            }
            None => false,
        };
        let coming = Coming { first_of_user, shards: channel.shards };
        let before = self.come(&place, &coming).await?;
        self.put_member(&place, shard, &connection.id, link.user.as_ref()).await?;
        if let Some(refused) = self.refused(connection, join).await? {
            self.undo_link(&connection.id, &join.channel, asked).await?;
            self.depart(&connection.id, &place, shard, Leaving::Clean).await?;
            return Ok(refused);
        }
        let subscriptions = before.counts().subscriptions + 1;
        self.spread(&place, before.subscriptions + 1, before.shards).await?;
        let presence = match &join.member {
            Some(member) => {
                let roster = self.roster(&place, member, limits.roster_bytes).await?;
                Some(Presence { first_of_user, roster })
            }
            None => None,
        };
        let occupied = before.subscriptions <= 0 && before.lost.is_none();
        Ok(Joined::New { occupied, subscriptions, presence })
    }

    /// Whether the connection closed meanwhile or has too many links, looked at after the link was written: either
    /// a close found the link, or this look finds the close.
    async fn refused(&self, by: &Connection, join: &Join) -> Result<Option<Joined>, Error> {
        let links = self.links(&by.id).await?;
        Ok(if !links.open || !links.channels.contains(&join.channel) {
            Some(Joined::Gone)
        } else if links.channels.len() > CHANNELS_PER_CONNECTION {
            Some(Joined::TooMany)
        } else {
            None
        })
    }
}
