//! Join: link, user, count, member, and then a look whether the connection is still there.

use channels::{Asked, Connection, Join, Joined, Passed, Presence};
use protocol::limits::CHANNELS_PER_CONNECTION;
use protocol::{ConnectionId, Member as User};

use crate::channel::{Channel, Come, Coming};
use crate::keys::{Place, shard_of};
use crate::links::Link;
use crate::members::Member;
use crate::users::Seated;
use crate::{DynamoStore, Error};

/// Somebody who was counted.
struct Entered {
    /// The channel before.
    before: Channel,
    /// Whether it is the user's first connection.
    first_of_user: bool,
}

impl Entered {
    /// Whether there was nobody before, and nobody was waited for.
    fn occupied(&self) -> bool {
        self.before.subscriptions <= 0 && self.before.lost.is_none()
    }
}

impl DynamoStore {
    pub(crate) async fn subscribe(
        &self,
        connection: &Connection,
        join: &Join,
        asked: Asked,
    ) -> Result<Joined, Error> {
        let place = Place::of(&connection.app.id, &join.channel);
        let shards = self.shards.of(&place);
        let (id, socket_id) = (&connection.id, connection.socket_id);
        let user = join.member.as_ref().map(|member| member.user_id.clone());
        let shard = shard_of(id, shards);
        let link = Link { shard, user, joined: asked, expires_s: self.expires_s() };
        if let Some(answer) = self.start(&place, connection, &link).await? {
            return Ok(answer);
        }
        let Some(entered) = self.enter(&place, connection, join.member.as_ref(), shards).await?
        else {
            self.undo_link(id, &join.channel, asked).await?;
            return Ok(Joined::Full);
        };
        let member = Member { id, socket_id, user: link.user.as_ref(), asked };
        self.put_member(&place, shard, &member).await?;
        if let Some(why) = self.refused(id).await?
            && let Some(departed) = self.withdraw(&place, id, shard).await?
        {
            let (occupied, first_of_user) = (entered.occupied(), entered.first_of_user);
            return Ok(Joined::passing(why, occupied, first_of_user, departed));
        }
        self.shards.note(&place, entered.before.shards);
        self.spread(&place, &entered.before).await?;
        self.joined(&place, connection, join, &entered).await
    }

    async fn joined(
        &self,
        place: &Place,
        connection: &Connection,
        join: &Join,
        entered: &Entered,
    ) -> Result<Joined, Error> {
        let Entered { before, first_of_user } = entered;
        let presence = match &join.member {
            Some(member) => {
                let bytes = connection.app.limits.roster_bytes;
                let counted = before.counts().users + usize::from(*first_of_user);
                let roster = self.roster(place, member, (counted, *first_of_user), bytes).await?;
                Some(Presence { first_of_user: *first_of_user, roster })
            }
            None => None,
        };
        let subscriptions = before.counts().subscriptions + 1;
        Ok(Joined::New { occupied: entered.occupied(), subscriptions, presence })
    }

    /// Counts a newcomer, and the user if it is the first connection; `None` if the channel is full. A user who is there
    /// is joined; one who is not is counted first, so that those who come at once are not too many.
    async fn enter(
        &self,
        place: &Place,
        connection: &Connection,
        user: Option<&User>,
        shards: u32,
    ) -> Result<Option<Entered>, Error> {
        let Some(user) = user else {
            let coming = Coming { first_of_user: None, shards };
            return Ok(entered(self.come(place, &coming).await?, false));
        };
        let (key, most) = (place.user(&user.user_id), connection.app.limits.presence_members);
        let is_there = self.glance_user(place, &user.user_id).await?;
        if is_there && self.seat_beside(key.clone(), &connection.id).await? {
            let coming = Coming { first_of_user: None, shards };
            return Ok(entered(self.come(place, &coming).await?, false));
        }
        let coming = Coming { first_of_user: Some(most), shards };
        let Come::After(before) = self.come_or_settle(place, &coming).await? else {
            // The glance may have been at an older row.
            if is_there || !self.seat_beside(key, &connection.id).await? {
                return Ok(None);
            }
            let coming = Coming { first_of_user: None, shards };
            return Ok(entered(self.come(place, &coming).await?, false));
        };
        let info = user.user_info.as_ref().map_or("", |raw| raw.get());
        let first_of_user = self.seat(key, info, &connection.id, None).await? == Seated::First;
        if !first_of_user {
            self.uncount_user(place).await?;
        }
        Ok(Some(Entered { before, first_of_user }))
    }

    /// Counts a newcomer; before a channel counts as full its numbers are looked at again.
    async fn come_or_settle(&self, place: &Place, coming: &Coming) -> Result<Come, Error> {
        let come = self.come(place, coming).await?;
        if let Come::Full = come {
            let channel = self.channel(place).await?;
            if self.settle_quiet(place, Some(&channel)).await? {
                return self.come(place, coming).await;
            }
        }
        Ok(come)
    }

    /// Whether the connection closed meanwhile, or has too many links, looked at after the member was written: either a close
    /// finds that, or this look finds the close.
    async fn refused(&self, id: &ConnectionId) -> Result<Option<Passed>, Error> {
        let links = self.links(id).await?;
        Ok(if !links.open {
            Some(Passed::Gone)
        } else if links.channels.len() > CHANNELS_PER_CONNECTION {
            Some(Passed::TooMany)
        } else {
            None
        })
    }
}

fn entered(come: Come, first_of_user: bool) -> Option<Entered> {
    match come {
        Come::After(before) => Some(Entered { before, first_of_user }),
        Come::Full => None,
    }
}
