//! The links of a connection: which channels it is subscribed to, beside its own row in one partition.
//!
//! A link knows when its client asked for it. One that was left stays as a mark for as long as a wish from before may
//! arrive: marking costs what deleting costs, and DynamoDB deletes what is out of date for nothing.

use aws_sdk_dynamodb::types::ReturnValue;
use channels::Asked;
use protocol::{ChannelName, ConnectionId, UserId};
use store::REORDERED_WITHIN_MS;

use crate::item::{Item, is_live, number, number_of, text, text_of};
use crate::keys::{LINK, OWN};
use crate::table::{ATTEMPTS, Change};
use crate::{DynamoStore, Error, keys};

/// What sorts after every link.
const AFTER_LINKS: &str = "S/\u{10ffff}";

/// A connection and its links, as of one read.
pub(crate) struct Links {
    /// Whether the connection is open.
    pub(crate) open: bool,
    /// Whether it is a user's.
    pub(crate) signed_in: bool,
    /// The channels.
    pub(crate) channels: Vec<ChannelName>,
}

/// One link.
pub(crate) struct Link {
    /// The shard of the channel that has the member.
    pub(crate) shard: u32,
    /// As whom, on presence channels.
    pub(crate) user: Option<UserId>,
}

/// What became of a wish to be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Linked {
    /// The link is new.
    New,
    /// It was there.
    Already,
    /// The client has asked to leave since.
    Overtaken,
}

/// What became of a wish not to be linked any more.
pub(crate) enum Unlinked {
    /// This link ended.
    Link(Link),
    /// There was none.
    Nothing,
    /// The client has asked for the link since.
    Overtaken,
}

impl DynamoStore {
    /// Notes a subscription, or that one is wanted later than was known.
    pub(crate) async fn put_link(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
        link: &Link,
        asked: Asked,
    ) -> Result<Linked, Error> {
        let mut values = vec![
            (":k", number(link.shard)),
            (":t", number(asked.ms())),
            (":x", number(self.expires_s())),
            (":now", number(self.now_s())),
        ];
        let set = match &link.user {
            Some(user) => {
                values.push((":u", text(user.as_str())));
                "SET k = :k, t = :t, x = :x, u = :u REMOVE d"
            }
            None => "SET k = :k, t = :t, x = :x REMOVE d",
        };
        for _ in 0..ATTEMPTS {
            let change = Change {
                set,
                only_if: "attribute_not_exists(pk) OR x <= :now OR (attribute_exists(d) AND t <= :t)",
                values: &values,
                answer: ReturnValue::None,
            };
            let Err(row) = self.table.attempt(keys::link(id, channel), change).await? else {
                return Ok(Linked::New);
            };
            if row.contains_key("d") {
                return Ok(Linked::Overtaken);
            }
            if number_of::<u64>(&row, "t") >= asked.ms() || self.want(id, channel, asked).await? {
                return Ok(Linked::Already);
            }
        }
        Err(Error::Busy(ATTEMPTS))
    }

    /// Makes a link younger; whether it was still there, and older.
    async fn want(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
        asked: Asked,
    ) -> Result<bool, Error> {
        let change = Change {
            set: "SET t = :t",
            only_if: "attribute_not_exists(d) AND t < :t",
            values: &[(":t", number(asked.ms()))],
            answer: ReturnValue::None,
        };
        Ok(self.table.update(keys::link(id, channel), change).await?.is_some())
    }

    /// One link, if it is there.
    pub(crate) async fn link(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
    ) -> Result<Option<Link>, Error> {
        let row = self.table.get(keys::link(id, channel)).await?;
        let live = row.filter(|row| is_live(row, self.now_s()) && !row.contains_key("d"));
        Ok(live.as_ref().map(read))
    }

    /// Ends a link, and holds back wishes for it from before.
    pub(crate) async fn take_link(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
        asked: Asked,
    ) -> Result<Unlinked, Error> {
        let key = keys::link(id, channel);
        if asked == Asked::LAST {
            let row = self.table.take(key).await?;
            return Ok(row.as_ref().map_or(Unlinked::Nothing, unlinked));
        }
        let change = Change {
            set: "SET d = :yes, t = :t, x = :x",
            only_if: "attribute_not_exists(t) OR t <= :t",
            values: &[
                (":yes", number(1)),
                (":t", number(asked.ms())),
                (":x", number(self.now_s() + REORDERED_WITHIN_MS / 1_000)),
            ],
            answer: ReturnValue::AllOld,
        };
        Ok(match self.table.attempt(key, change).await? {
            Ok(before) => unlinked(&before),
            Err(row) if row.contains_key("d") => Unlinked::Nothing,
            Err(_) => Unlinked::Overtaken,
        })
    }

    /// Ends a link that was written for nothing, unless it is a newer one by now.
    pub(crate) async fn undo_link(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
        asked: Asked,
    ) -> Result<(), Error> {
        let only_if = "t = :t AND attribute_not_exists(d)";
        let values = [(":t", number(asked.ms()))];
        self.table.delete_if(keys::link(id, channel), only_if, &values).await.map(drop)
    }

    /// A connection with all its links.
    pub(crate) async fn links(&self, id: &ConnectionId) -> Result<Links, Error> {
        let pk = keys::connection_partition(id);
        let now_s = self.now_s();
        let mut links = Links { open: false, signed_in: false, channels: Vec::new() };
        for row in self.table.range(pk, OWN, AFTER_LINKS).await? {
            match text_of(&row, "sk") {
                Some(OWN) => {
                    links.open = is_live(&row, now_s);
                    links.signed_in = row.contains_key("u");
                }
                Some(_) if row.contains_key("d") => {}
                Some(sk) => {
                    let name = sk.strip_prefix(LINK).and_then(|it| ChannelName::parse(it).ok());
                    links.channels.extend(name);
                }
                None => {}
            }
        }
        Ok(links)
    }
}

/// A row as it was when it ended; a mark was no link.
fn unlinked(row: &Item) -> Unlinked {
    if row.contains_key("k") && !row.contains_key("d") {
        Unlinked::Link(read(row))
    } else {
        Unlinked::Nothing
    }
}

fn read(row: &Item) -> Link {
    Link { shard: number_of(row, "k"), user: text_of(row, "u").map(UserId::new) }
}
