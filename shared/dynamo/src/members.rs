//! The members of a channel: one small row each, in as many shards as the channel's row says.

use std::collections::HashSet;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use channels::{Asked, Counts};
use futures::future::try_join_all;
use protocol::{ConnectionId, SocketId, UserId};
use sha2::{Digest, Sha256};
use store::Subscribers;

use crate::channel::Channel;
use crate::item::{Item, is_live, number, number_of, text, text_of};
use crate::keys::{OWN, Place};
use crate::table::Change;
use crate::{DynamoStore, Error};

/// What sorts after every connection id.
pub(crate) const AFTER_ALL: &str = "\u{10ffff}";
/// Bytes of a socket id's hash on a member: enough that no two sockets share them, and few for whoever reads all members.
const SOCKET_BYTES: usize = 8;

/// A member's row.
pub(crate) struct Member<'a> {
    /// The connection.
    pub(crate) id: &'a ConnectionId,
    /// The name that publishers know it by.
    pub(crate) socket_id: SocketId,
    /// As whom, on presence channels.
    pub(crate) user: Option<&'a UserId>,
    /// When it was asked for.
    pub(crate) asked: Asked,
}

/// What became of a member that was to go.
pub(crate) enum Taken {
    /// It is gone, and was there as this user, by the join that was asked for then.
    Yes(Option<UserId>, Asked),
    /// It was not there.
    No,
    /// It has been asked for since.
    Later,
}

/// What a wish to stay met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The member, which is as young as the wish now.
    Now,
    /// The member, wanted no less before.
    Later,
    /// No member.
    Missing,
}

/// All that is known of a channel's members.
pub(crate) struct Everyone {
    /// The rows that are not out of date.
    pub(crate) rows: Vec<Item>,
    /// The channel's row, if it is not out of date.
    pub(crate) channel: Option<Channel>,
}

impl Everyone {
    /// Whether the numbers are those of the members. Who is waited for makes a difference as well: that soon passes.
    fn agrees(&self, channel: &Channel) -> bool {
        let users: HashSet<&str> = self.rows.iter().filter_map(|row| text_of(row, "u")).collect();
        let counts = Counts { subscriptions: self.rows.len(), users: users.len() };
        channel.counts() == counts && (counts.subscriptions > 0 || channel.lost.is_none())
    }
}

impl DynamoStore {
    /// Adds a member.
    pub(crate) async fn put_member(
        &self,
        place: &Place,
        shard: u32,
        member: &Member<'_>,
    ) -> Result<(), Error> {
        let mut row = place.member(shard, member.id);
        row.insert("x".to_owned(), number(self.expires_s()));
        row.insert("t".to_owned(), number(member.asked.ms()));
        row.insert("o".to_owned(), mark(member.socket_id));
        if let Some(user) = member.user {
            row.insert("u".to_owned(), text(user.as_str()));
        }
        self.table.put(row).await
    }

    /// Makes a member younger, if it is there.
    pub(crate) async fn want_member(
        &self,
        place: &Place,
        shard: u32,
        id: &ConnectionId,
        asked: Asked,
    ) -> Result<Wanted, Error> {
        let change = Change {
            set: "SET t = :t, j = if_not_exists(j, t)",
            only_if: "x > :now AND t < :t",
            values: &[(":t", number(asked.ms())), (":now", number(self.now_s()))],
            answer: ReturnValue::None,
        };
        Ok(match self.table.attempt(place.member(shard, id), change).await? {
            Ok(_) => Wanted::Now,
            Err(row) if is_live(&row, self.now_s()) => Wanted::Later,
            Err(_) => Wanted::Missing,
        })
    }

    /// Takes a member away, once: whoever does it counts the rest.
    pub(crate) async fn take_member(
        &self,
        place: &Place,
        shard: u32,
        id: &ConnectionId,
        asked: Asked,
    ) -> Result<Taken, Error> {
        let only_if = "attribute_not_exists(t) OR t <= :t";
        let values = [(":t", number(asked.ms()))];
        let taken = self.table.take_if(place.member(shard, id), only_if, &values).await?;
        Ok(match taken {
            Some(row) if row.contains_key("x") => {
                let name = if row.contains_key("j") { "j" } else { "t" };
                let joined = Asked::at_ms(number_of(&row, name));
                Taken::Yes(text_of(&row, "u").map(UserId::new), joined)
            }
            Some(_) => Taken::No,
            None => Taken::Later,
        })
    }

    /// Everyone on a channel, and which of them a socket id names. The first shard is read with the channel's row, which
    /// tells of the others; both strongly, so that whoever was told to be subscribed is among them.
    pub(crate) async fn everyone(&self, place: &Place) -> Result<Everyone, Error> {
        let first = self.table.range(place.shard(0), OWN, AFTER_ALL).await?;
        let now_s = self.now_s();
        let own = first.first().filter(|row| text_of(row, "sk") == Some(OWN));
        let shards = own.map_or(1, |row| Channel::read(row).shards);
        let channel = own.filter(|row| is_live(row, now_s)).map(Channel::read);
        let others = (1..shards).map(|it| self.table.range(place.shard(it), OWN, AFTER_ALL));
        let others = try_join_all(others).await?;
        let rows = first.into_iter().chain(others.into_iter().flatten());
        let rows = rows.filter(|row| is_live(row, now_s) && text_of(row, "sk") != Some(OWN));
        Ok(Everyone { rows: rows.collect(), channel })
    }

    /// Everyone on a channel, and who of them has this socket. Numbers that do not fit are put right.
    pub(crate) async fn members(
        &self,
        place: &Place,
        socket: Option<SocketId>,
    ) -> Result<Subscribers, Error> {
        let all = self.everyone(place).await?;
        if all.channel.as_ref().is_some_and(|channel| !all.agrees(channel)) {
            self.settle_quiet(place, all.channel.as_ref()).await?;
        }
        let mark = socket.map(mark);
        let is_it = |row: &&Item| mark.is_some() && row.get("o") == mark.as_ref();
        let except = all.rows.iter().find(is_it).and_then(member);
        Ok(Subscribers { ids: all.rows.iter().filter_map(member).collect(), except })
    }
}

/// Whose row it is.
pub(crate) fn member(row: &Item) -> Option<ConnectionId> {
    text_of(row, "sk").map(ConnectionId::new)
}

fn mark(socket: SocketId) -> AttributeValue {
    let digest = Sha256::digest(socket.to_string().as_bytes());
    AttributeValue::B(Blob::new(&digest[..SOCKET_BYTES]))
}
