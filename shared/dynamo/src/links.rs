//! The links of a connection: which channels it is subscribed to, beside its own row in one partition.
//!
//! A link knows when its client asked for it. One that was left stays as a mark for as long as a wish from before may
//! arrive: marking costs what deleting costs, and DynamoDB deletes what is out of date for nothing.

use aws_sdk_dynamodb::types::ReturnValue;
use channels::Asked;
use protocol::{AppId, ChannelName, ConnectionId, UserId};
use store::REORDERED_WITHIN_MS;

use crate::item::{Item, is_live, number, number_of, text, text_of};
use crate::keys::{LINK, OWN, Place};
use crate::table::Change;
use crate::{DynamoStore, Error, connections, keys};

/// What sorts after every link.
const AFTER_LINKS: &str = "S/\u{10ffff}";

/// There is no link, nor a later wish to leave, nor a join that is to undo itself: that keeps its shard in the mark.
const FREE: &str = "attribute_not_exists(pk) OR x <= :now OR \
    (attribute_exists(d) AND attribute_not_exists(k) AND t <= :t)";
/// The link was left, by a wish from before.
const LEFT_BEFORE: &str = "attribute_exists(d) AND t <= :t";
/// There is no later wish.
const OLDER: &str = "attribute_not_exists(t) OR t <= :t";
/// And the link is this join's.
const OLDER_AND_TAKEN: &str =
    "(attribute_not_exists(t) OR t <= :t) AND (attribute_not_exists(j) OR j = :j)";
/// The link is as it was seen.
const AS_IT_WAS: &str = "attribute_not_exists(d) AND t = :was_t AND x = :was_x";

/// A connection and its links, as of one read.
#[derive(Default)]
pub(crate) struct Links {
    /// Whether the connection is open.
    pub(crate) open: bool,
    /// Whether it is a user's.
    pub(crate) signed_in: bool,
    /// The channels.
    pub(crate) channels: Vec<ChannelName>,
    /// When each was asked for.
    asked: Vec<Asked>,
    /// The app, if there is a channel.
    pub(crate) app: Option<AppId>,
}

/// One link.
#[derive(Debug)]
pub(crate) struct Link {
    /// The shard of the channel that has the member.
    pub(crate) shard: u32,
    /// As whom, on presence channels.
    pub(crate) user: Option<UserId>,
    /// When it was asked for last.
    pub(crate) asked: Asked,
    /// When its join was asked for: the name of that join.
    pub(crate) joined: Asked,
    /// The second after which it counts as gone.
    pub(crate) expires_s: u64,
}

/// What a link may be written over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Over<'a> {
    /// Nothing that counts.
    Nothing,
    /// The mark of an earlier leave, also if a join is to undo itself: there is a member, asked for later than both.
    Mark,
    /// This link, which a verb left halfway.
    Remains(&'a Link),
}

/// What became of a wish to be linked.
pub(crate) enum Linked {
    /// The link is new.
    New,
    /// It was there.
    Already(Link),
    /// The client has asked to leave since.
    Overtaken,
    /// It was left while its join was under way, which is to undo itself.
    Undoing,
}

/// What became of a wish not to be linked any more.
pub(crate) enum Unlinked {
    /// This link ended.
    Link(Link),
    /// There was none.
    Nothing,
    /// The client has asked for the link since.
    Overtaken,
    /// It is another join's than the one whose member was taken away; nothing changed.
    Another,
}

impl Links {
    /// Whether a channel is linked, by this wish or a later one.
    pub(crate) fn has(&self, channel: &ChannelName, asked: Asked) -> bool {
        self.channels.iter().zip(&self.asked).any(|(it, at)| it == channel && *at >= asked)
    }
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
            (":t", number(link.asked.ms())),
            (":x", number(link.expires_s)),
            (":a", text(place.app.as_str())),
            (":j", number(link.joined.ms())),
        ];
        let set = match &link.user {
            Some(user) => {
                values.push((":u", text(user.as_str())));
                "SET k = :k, t = :t, x = :x, a = :a, j = :j, u = :u REMOVE d"
            }
            None => "SET k = :k, t = :t, x = :x, a = :a, j = :j REMOVE d, u",
        };
        let only_if = match over {
            Over::Nothing => {
                values.push((":now", number(self.now_s())));
                FREE
            }
            Over::Mark => LEFT_BEFORE,
            Over::Remains(was) => {
                values.push((":was_t", number(was.asked.ms())));
                values.push((":was_x", number(was.expires_s)));
                AS_IT_WAS
            }
        };
        let change = Change { set, only_if, values: &values, answer: ReturnValue::None };
        let Err(row) = self.table.attempt(keys::link(id, &place.channel), change).await? else {
            return Ok(Linked::New);
        };
        Ok(if !row.contains_key("d") {
            Linked::Already(read(&row))
        } else if number_of::<u64>(&row, "t") > link.asked.ms() {
            Linked::Overtaken
        } else {
            Linked::Undoing
        })
    }

    /// Makes a link younger; whether it was still there, and older.
    pub(crate) async fn want_link(
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

    /// Ends a link, and holds back wishes for it from before. `taken`: the join whose member was taken away. Without one, if the
    /// link is there, its join is under way: whoever asks for it again waits until that has undone itself.
    pub(crate) async fn take_link(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
        asked: Asked,
        taken: Option<Asked>,
    ) -> Result<Unlinked, Error> {
        let key = keys::link(id, channel);
        if asked == Asked::LAST {
            let row = self.table.take(key).await?;
            return Ok(row.as_ref().map_or(Unlinked::Nothing, unlinked));
        }
        let mut values = vec![
            (":yes", number(1)),
            (":t", number(asked.ms())),
            (":x", number(self.now_s() + REORDERED_WITHIN_MS / 1_000)),
        ];
        values.extend(taken.map(|joined| (":j", number(joined.ms()))));
        let (set, only_if) = match taken {
            Some(_) => ("SET d = :yes, t = :t, x = :x REMOVE k, u", OLDER_AND_TAKEN),
            None => ("SET d = :yes, t = :t, x = :x", OLDER),
        };
        let change = Change { set, only_if, values: &values, answer: ReturnValue::AllOld };
        Ok(match self.table.attempt(key, change).await? {
            Ok(before) => unlinked(&before),
            Err(row) if taken.is_some_and(|it| it.ms() != number_of::<u64>(&row, "j")) => {
                Unlinked::Another
            }
            Err(row) if row.contains_key("d") => Unlinked::Nothing,
            Err(_) => Unlinked::Overtaken,
        })
    }

    /// Ends a link that was written for nothing; if it was left meanwhile, nothing is to be undone any more.
    pub(crate) async fn undo_link(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
        joined: Asked,
    ) -> Result<(), Error> {
        let only_if = "t = :t AND attribute_not_exists(d)";
        let values = [(":t", number(joined.ms()))];
        let key = keys::link(id, channel);
        if self.table.delete_if(key.clone(), only_if, &values).await? {
            return Ok(());
        }
        let values = [(":j", number(joined.ms()))];
        let answer = ReturnValue::None;
        let only_if = "attribute_exists(d) AND j = :j";
        let change = Change { set: "REMOVE k, u", only_if, values: &values, answer };
        self.table.update(key, change).await.map(drop)
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
                    links.asked.extend(name.as_ref().map(|_| read(&row).asked));
                    links.channels.extend(name);
                    links.app = text_of(&row, "a").map(AppId::new);
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
    Link {
        shard: number_of(row, "k"),
        user: text_of(row, "u").map(UserId::new),
        asked: Asked::at_ms(number_of(row, "t")),
        joined: Asked::at_ms(number_of(row, "j")),
        expires_s: number_of(row, "x"),
    }
}
