//! The links of a connection: which channels it is subscribed to, beside its own row in one partition.
//!
//! One that was left stays as a mark for as long as a wish from before may arrive: marking costs what deleting costs, and
//! DynamoDB deletes what is out of date for nothing.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use channels::Asked;
use protocol::{AppId, ChannelName, ConnectionId, UserId};
use store::REORDERED_WITHIN_MS;

use crate::item::{Item, is_live, number, number_of, text, text_of};
use crate::keys::{LINK, OWN, Place};
use crate::table::Change;
use crate::{DynamoStore, Error, connections, keys};

/// What sorts after every link.
const AFTER_LINKS: &str = "S/\u{10ffff}";

/// There is no link, nor a later wish to leave.
const FREE: &str = "attribute_not_exists(pk) OR x <= :now OR (attribute_exists(d) AND t <= :t)";
/// The link is as it was seen.
const AS_IT_WAS: &str = "attribute_not_exists(d) AND j = :was_j AND x = :was_x";
/// There is no link, nor a later wish.
const NOT_LINKED: &str = "attribute_not_exists(pk) OR (attribute_exists(d) AND t <= :t)";
/// What a leave makes of a link: a mark that knows the moment, for as long as a wish from before may arrive.
const LEFT: &str = "SET d = :yes, t = :t, x = :x REMOVE k, j, u";
/// The link is this join's.
const OF_THIS_JOIN: &str = "attribute_not_exists(d) AND j = :j";

/// A connection and its links, as of one read.
#[derive(Default)]
pub(crate) struct Links {
    /// Whether the connection is open.
    pub(crate) open: bool,
    /// Whether it is a user's.
    pub(crate) signed_in: bool,
    /// The channels.
    pub(crate) channels: Vec<ChannelName>,
    /// The app, if there is a channel.
    pub(crate) app: Option<AppId>,
}

/// One link.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// The shard of the channel that has the member.
    pub(crate) shard: u32,
    /// As whom, on presence channels.
    pub(crate) user: Option<UserId>,
    /// When its join was asked for: the name of that join. A later wish to stay is on the member.
    pub(crate) joined: Asked,
    /// The second after which it counts as gone.
    pub(crate) expires_s: u64,
}

/// What a link may be written over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Over<'a> {
    /// Nothing that counts.
    Nothing,
    /// This link, which a verb left halfway.
    Remains(&'a Link),
}

/// What became of a wish to be linked.
pub(crate) enum Linked {
    /// The link is new: nobody else writes about this subscription until its member is written.
    New,
    /// It was there.
    Already(Link),
    /// The client has asked to leave since.
    Overtaken,
}

impl DynamoStore {
    /// Notes a subscription, over what there may be.
    pub(crate) async fn put_link(
        &self,
        place: &Place,
        id: &ConnectionId,
        link: &Link,
        over: Over<'_>,
    ) -> Result<Linked, Error> {
        let mut values = vec![
            (":k", number(link.shard)),
            (":x", number(link.expires_s)),
            (":a", text(place.app.as_str())),
            (":j", number(link.joined.ms())),
        ];
        let set = match &link.user {
            Some(user) => {
                values.push((":u", text(user.as_str())));
                "SET k = :k, x = :x, a = :a, j = :j, u = :u REMOVE d, t"
            }
            None => "SET k = :k, x = :x, a = :a, j = :j REMOVE d, t, u",
        };
        let only_if = match over {
            Over::Nothing => {
                values.push((":t", number(link.joined.ms())));
                values.push((":now", number(self.now_s())));
                FREE
            }
            Over::Remains(was) => {
                values.push((":was_j", number(was.joined.ms())));
                values.push((":was_x", number(was.expires_s)));
                AS_IT_WAS
            }
        };
        let change = Change { set, only_if, values: &values, answer: ReturnValue::None };
        Ok(match self.table.attempt(keys::link(id, &place.channel), change).await? {
            Ok(_) => Linked::New,
            Err(row) if row.contains_key("d") => Linked::Overtaken,
            Err(row) => Linked::Already(read(&row)),
        })
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

    /// Notes a wish to leave where there is no link, so that wishes to join from before are held back; answers the link if there
    /// is one. With a connection all wishes end, so that there is nothing to note.
    pub(crate) async fn note_leave(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
        asked: Asked,
    ) -> Result<Option<Link>, Error> {
        if asked == Asked::LAST {
            // By a query, which whoever closes connections makes anyway.
            let (pk, sk) = (keys::connection_partition(id), format!("{LINK}{channel}"));
            let rows = self.table.range(pk, &sk, &sk).await?;
            return Ok(rows.first().filter(|row| !row.contains_key("d")).map(read));
        }
        let values = self.left(asked);
        let change =
            Change { set: LEFT, only_if: NOT_LINKED, values: &values, answer: ReturnValue::None };
        let met = self.table.attempt(keys::link(id, channel), change).await?;
        Ok(met.err().filter(|row| !row.is_empty() && !row.contains_key("d")).as_ref().map(read))
    }

    /// Ends the link of a join, and holds back wishes to join from before that of the leave; with its connection it goes without a
    /// trace. Only whoever has it under way may do so.
    pub(crate) async fn end_link(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
        asked: Asked,
        joined: Asked,
    ) -> Result<(), Error> {
        let key = keys::link(id, channel);
        let join = (":j", number(joined.ms()));
        if asked == Asked::LAST {
            return self.table.delete_if(key, OF_THIS_JOIN, &[join]).await.map(drop);
        }
        let mut values = self.left(asked).to_vec();
        values.push(join);
        let change =
            Change { set: LEFT, only_if: OF_THIS_JOIN, values: &values, answer: ReturnValue::None };
        self.table.update(key, change).await.map(drop)
    }

    /// Ends a link that was written for nothing.
    pub(crate) async fn undo_link(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
        joined: Asked,
    ) -> Result<(), Error> {
        self.end_link(id, channel, Asked::LAST, joined).await
    }

    fn left(&self, asked: Asked) -> [(&'static str, AttributeValue); 3] {
        let until_s = self.now_s() + REORDERED_WITHIN_MS / 1_000;
        [(":yes", number(1)), (":t", number(asked.ms())), (":x", number(until_s))]
    }

    /// A connection with all its links.
    pub(crate) async fn links(&self, id: &ConnectionId) -> Result<Links, Error> {
        let pk = keys::connection_partition(id);
        let now_s = self.now_s();
        let mut links = Links::default();
        for row in self.table.range(pk, OWN, AFTER_LINKS).await? {
            match text_of(&row, "sk") {
                Some(OWN) => {
                    links.open = connections::is_open(&row, now_s);
                    links.signed_in = row.contains_key("u");
                }
                Some(_) if row.contains_key("d") => {}
                Some(sk) => {
                    let name = sk.strip_prefix(LINK).and_then(|it| ChannelName::parse(it).ok());
                    links.channels.extend(name);
                    links.app = text_of(&row, "a").map(AppId::new);
                }
                None => {}
            }
        }
        Ok(links)
    }
}

fn read(row: &Item) -> Link {
    Link {
        shard: number_of(row, "k"),
        user: text_of(row, "u").map(UserId::new),
        joined: Asked::at_ms(number_of(row, "j")),
        expires_s: number_of(row, "x"),
    }
}
