//! The sweep: some connections at a time, so that somebody may ask whether they are still there: members of channels, and those
//! that are signed in or count against a quota. Nobody misses any other.
//!
//! Each partition of the index of both has its turn every few minutes. A turn that has more members than a run
//! may look at leaves a note where it stopped, and the oldest goes on first: so all have had their turn after the minutes
//! that a round takes and those that all members take. Nothing is read strongly: who is missed by a moment is seen next time.

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use protocol::{AppId, ChannelName, ConnectionId};

use crate::channel::Channel;
use crate::item::{Item, is_live, number, number_of, text, text_of};
use crate::keys::{CONNECTION, OCCUPIED_INDEX, OCCUPIED_PARTITIONS, OWN, Place};
use crate::members::{AFTER_ALL, member};
use crate::{DynamoStore, Error, connections, keys};

/// Minutes after which each partition has had its turn.
pub const TURNS: u64 = OCCUPIED_PARTITIONS as u64;
/// Rows of one page of the index, and channels that are read at once.
const PAGE: usize = 128;
const AT_ONCE: usize = 16;
/// How long a connection may take to open, in seconds (API Gateway: an integration has 29 s).
const OPENING_S: u64 = 30;
/// How long a note is kept, in seconds. Ours: longer than any sweep takes; an app that is served no more is forgotten then.
const NOTE_S: u64 = 24 * 3_600;

/// Where a turn goes on: in a channel's partition, shard, behind a member; or at a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Mark {
    channel: String,
    shard: u32,
    after: String,
}

/// One partition of the index of one app.
#[derive(Debug, Clone)]
struct Turn {
    app: AppId,
    partition: u32,
    mark: Mark,
    /// The minute at which it began, if it is not new.
    noted: Option<u64>,
}

/// Whose turn it is, and where the next sweep goes on.
#[derive(Debug, Default)]
pub struct Sweep {
    /// Their connections, each once.
    pub connections: Vec<ConnectionId>,
    minute: u64,
    turns: Vec<(Turn, Option<Mark>)>,
}

impl Mark {
    fn of(channel: &str) -> Self {
        Self { channel: channel.to_owned(), ..Self::default() }
    }
}

impl DynamoStore {
    /// Finds those whose turn is at this minute, at most so many. [`DynamoStore::swept`] is to follow.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn sweep(&self, minute: u64, most: usize) -> Result<Sweep, Error> {
        let mut sweep = Sweep { minute, ..Sweep::default() };
        for turn in self.turns(minute).await? {
            if sweep.connections.len() < most {
                let rest = self.walk(&turn, most, &mut sweep.connections).await?;
                sweep.turns.push((turn, rest));
            } else if turn.noted.is_none() {
                let rest = Some(turn.mark.clone());
                sweep.turns.push((turn, rest));
            }
        }
        sweep.connections.sort_unstable();
        sweep.connections.dedup();
        Ok(sweep)
    }

    /// Whether a connection that is gone may not have been there yet: it is remembered before API Gateway opens it. Who was
    /// ever on a channel was there.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn may_be_opening(&self, id: &ConnectionId) -> Result<bool, Error> {
        let (pk, all) = (keys::connection_partition(id), (OWN, AFTER_ALL));
        let (rows, _) = self.table.some(&pk, all, 2, None).await?;
        let [row] = rows.as_slice() else { return Ok(false) };
        let is_new = number_of::<u64>(row, "x") + OPENING_S > self.expires_s();
        Ok(is_new && connections::is_open(row, self.now_s()))
    }

    /// Notes what is left for the next sweep.
    ///
    /// # Errors
    /// When the table does not answer: the turn comes again.
    pub async fn swept(&self, sweep: &Sweep) -> Result<(), Error> {
        for (turn, rest) in &sweep.turns {
            let key = keys::note(&turn.app, turn.partition);
            match rest {
                Some(mark) => {
                    let began = turn.noted.unwrap_or(sweep.minute);
                    self.table.put(self.rest(key, mark, began)).await?;
                }
                None if turn.noted.is_some() => drop(self.table.take(key).await?),
                None => {}
            }
        }
        Ok(())
    }

    fn rest(&self, mut row: Item, mark: &Mark, began: u64) -> Item {
        row.insert("x".to_owned(), number(self.now_s() + NOTE_S));
        row.insert("c".to_owned(), text(mark.channel.as_str()));
        row.insert("k".to_owned(), number(mark.shard));
        row.insert("e".to_owned(), text(mark.after.as_str()));
        row.insert("t".to_owned(), number(began));
        row
    }

    /// Those that are not at their end, the oldest first, and then those of this minute.
    async fn turns(&self, minute: u64) -> Result<Vec<Turn>, Error> {
        let notes = self.page(keys::NOTES.to_owned(), "", usize::MAX).await?;
        let live = notes.iter().filter(|row| is_live(row, self.now_s()));
        let mut turns: Vec<Turn> = live.filter_map(read).collect();
        turns.sort_by_key(|turn| turn.noted);
        let partition = u32::try_from(minute % TURNS).unwrap_or_default();
        for app in self.apps.load().iter() {
            let is_it = |turn: &Turn| turn.app == app.id && turn.partition == partition;
            if !turns.iter().any(is_it) {
                let app = app.id.clone();
                turns.push(Turn { app, partition, mark: Mark::default(), noted: None });
            }
        }
        Ok(turns)
    }

    /// Goes on with a turn; answers where it stopped, unless it came to its end.
    async fn walk(
        &self,
        turn: &Turn,
        most: usize,
        found: &mut Vec<ConnectionId>,
    ) -> Result<Option<Mark>, Error> {
        let mut from = turn.mark.clone();
        loop {
            let page = self.page_of_index(turn, &from.channel).await?;
            let is_connection = |key: &String| key.starts_with(CONNECTION);
            let (connections, channels) = page.split_at(page.partition_point(is_connection));
            let fit = connections.len().min(most - found.len());
            let ids = connections[..fit].iter().filter_map(|key| key.strip_prefix(CONNECTION));
            found.extend(ids.map(ConnectionId::new));
            if let Some(next) = connections.get(fit) {
                return Ok(Some(Mark::of(next)));
            }
            for some in channels.chunks(AT_ONCE) {
                if let Some(rest) = self.walk_channels(turn, &from, some, most, found).await? {
                    return Ok(Some(rest));
                }
            }
            match page.last() {
                Some(last) if page.len() >= PAGE => from = Mark::of(&format!("{last}\u{0}")),
                _ => return Ok(None),
            }
        }
    }

    /// The members of some channels; answers where it stopped, unless it came to their end.
    async fn walk_channels(
        &self,
        turn: &Turn,
        from: &Mark,
        channels: &[String],
        most: usize,
        found: &mut Vec<ConnectionId>,
    ) -> Result<Option<Mark>, Error> {
        let room = most - found.len();
        let mark =
            |name: &String| if *name == from.channel { from.clone() } else { Mark::of(name) };
        let marks: Vec<Mark> = channels.iter().map(mark).collect();
        if room == 0 {
            return Ok(marks.into_iter().next());
        }
        let read = marks.iter().map(|mark| self.some_members(turn, mark, room));
        for (mark, (ids, rest)) in marks.iter().zip(try_join_all(read).await?) {
            let left = most - found.len();
            if left == 0 {
                return Ok(Some(mark.clone()));
            }
            if ids.len() > left {
                // Those read at the same time left less room than there was.
                let (ids, rest) = self.some_members(turn, mark, left).await?;
                found.extend(ids);
                return Ok(rest);
            }
            found.extend(ids);
            if rest.is_some() {
                return Ok(rest);
            }
        }
        Ok(None)
    }

    /// A page of a partition of the index, by the partition keys: first connections, then channels.
    async fn page_of_index(&self, turn: &Turn, from: &str) -> Result<Vec<String>, Error> {
        let query = self.table.client.query().table_name(&self.table.name);
        let query = query.index_name(OCCUPIED_INDEX).limit(PAGE as i32);
        let query = query.key_condition_expression("g = :g AND pk >= :from");
        let partition = keys::occupied(&turn.app, turn.partition);
        let query = query.expression_attribute_values(":g", text(partition));
        let query = query.expression_attribute_values(":from", text(from.max(CONNECTION)));
        let page = query.send().await.map_err(Error::of)?.items.unwrap_or_default();
        Ok(page.iter().filter_map(|row| text_of(row, "pk").map(str::to_owned)).collect())
    }

    /// Members of a channel from a mark on, at most so many, and where there are more.
    async fn some_members(
        &self,
        turn: &Turn,
        mark: &Mark,
        most: usize,
    ) -> Result<(Vec<ConnectionId>, Option<Mark>), Error> {
        let (mut ids, channel) = (Vec::new(), mark.channel.as_str());
        let name = channel.strip_prefix(&keys::channels(&turn.app)).unwrap_or_default();
        let Ok(name) = ChannelName::parse(name) else { return Ok((ids, None)) };
        let place = Place::of(&turn.app, &name);
        let Mark { mut shard, mut after, .. } = mark.clone();
        // The first shard's rows begin with the channel's own.
        let begins = shard == 0 && after.is_empty();
        let mut shards = if begins { None } else { self.table.glance(place.row()).await? };
        loop {
            // One more for the channel's own row, or the member that was the last one before.
            let limit = most - ids.len() + 1;
            let rows = self.page(place.shard(shard), &after, limit).await?;
            let mark = |after: &str| {
                Some(Mark { channel: channel.to_owned(), shard, after: after.to_owned() })
            };
            let mut last = after.as_str();
            for row in &rows {
                let Some(key) = text_of(row, "sk").filter(|key| ![OWN, &after].contains(key))
                else {
                    continue;
                };
                if ids.len() == most {
                    return Ok((ids, mark(last)));
                }
                ids.extend(member(row).filter(|_| is_live(row, self.now_s())));
                last = key;
            }
            if rows.len() >= limit {
                return Ok((ids, mark(last)));
            }
            shards = shards.or_else(|| rows.into_iter().next());
            let count = shards.as_ref().map_or(1, |row| Channel::read(row).shards);
            (shard, after) = (shard + 1, String::new());
            if shard >= count {
                return Ok((ids, None));
            }
        }
    }

    /// Rows of a partition from one on, as they are or were a moment ago: half the price. They may be fewer than there are.
    async fn page(&self, pk: String, from: &str, limit: usize) -> Result<Vec<Item>, Error> {
        let from = if from.is_empty() { OWN } else { from };
        let values: [(&str, AttributeValue); 3] =
            [(":pk", text(pk)), (":from", text(from)), (":to", text(AFTER_ALL))];
        let mut query = self.table.client.query().table_name(&self.table.name);
        query = query.key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to");
        for (name, value) in values {
            query = query.expression_attribute_values(name, value);
        }
        let query = query.limit(i32::try_from(limit).unwrap_or(i32::MAX));
        Ok(query.send().await.map_err(Error::of)?.items.unwrap_or_default())
    }
}

fn read(row: &Item) -> Option<Turn> {
    let (partition, app) = text_of(row, "sk")?.split_once('/')?;
    Some(Turn {
        app: AppId::new(app),
        partition: partition.parse().ok()?,
        mark: Mark {
            channel: text_of(row, "c")?.to_owned(),
            shard: number_of(row, "k"),
            after: text_of(row, "e").unwrap_or_default().to_owned(),
        },
        noted: Some(number_of(row, "t")),
    })
}
