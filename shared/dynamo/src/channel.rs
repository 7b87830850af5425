//! The channel's row: how many there are, in how many shards, and who is waited for. Each coming and going is one update
//! that needs no look before it: numbers are added to, and what they were, or are, comes back with the answer.
//!
//! The row of a channel that nobody is on stays for a minute, with zeros, until DynamoDB deletes it for nothing.

use aws_sdk_dynamodb::types::ReturnValue;
use channels::Counts;
use protocol::ConnectionId;

use crate::item::{Item, is_live, number, number_of, text, text_of};
use crate::keys::Place;
use crate::table::{ATTEMPTS, Change, Values};
use crate::{DynamoStore, Error};

/// Members of a shard, on average, from which the number of shards doubles. Ours: a shard is read in one page of 1 MB, in
/// well under the 3,000 units that a partition gives in a second (DynamoDB: partition limits).
pub(crate) const MEMBERS_PER_SHARD: i64 = 2_500;
/// Most shards. Ours: at 1,000 writes a second each, 64,000 comings and goings a second on one channel.
const MOST_SHARDS: u32 = 64;
/// How long the row of an empty channel stays, seconds. Ours: longer than any verb takes.
const FADES_S: u64 = 60;
/// How long a note lasts that a count is to be told, milliseconds. Ours: its job runs within seconds, or never.
const HELD_MS: u64 = 60_000;

/// The row may be added to: it is new, or not out of date, and knows of the shard that the newcomer goes to.
const FITS: &str = "(attribute_not_exists(x) OR x > :now) AND (attribute_not_exists(s) OR s >= :s)";
/// And has room for one more user.
const FITS_ONE_MORE: &str = "(attribute_not_exists(x) OR x > :now) AND \
    (attribute_not_exists(s) OR s >= :s) AND (attribute_not_exists(m) OR m < :most)";

/// What the row says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Channel {
    /// How many subscriptions.
    pub(crate) subscriptions: i64,
    /// How many users, those who are waited for included.
    pub(crate) users: i64,
    /// In how many shards members are.
    pub(crate) shards: u32,
    /// Which lost connection was the last to go, while nobody came since.
    pub(crate) lost: Option<ConnectionId>,
    /// When somebody came or went last, milliseconds since the Unix epoch.
    pub(crate) changed_ms: u64,
    /// A verb was left halfway: the numbers may be wrong.
    pub(crate) doubted: bool,
}

/// Who comes.
pub(crate) struct Coming {
    /// The user's first connection, counted if the channel has fewer users than this.
    pub(crate) first_of_user: Option<usize>,
    /// The number of shards that the newcomer knew.
    pub(crate) shards: u32,
}

/// What a coming came to.
pub(crate) enum Come {
    /// It was counted; what was before.
    After(Channel),
    /// There are as many users as there may be; nothing changed.
    Full,
}

/// What a going came to.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    /// How many subscriptions are left.
    pub(crate) subscriptions: usize,
    /// Nobody is left, since now.
    pub(crate) vacated: bool,
}

impl Channel {
    pub(crate) fn read(row: &Item) -> Self {
        Self {
            subscriptions: number_of(row, "n"),
            users: number_of(row, "m"),
            shards: number_of::<u32>(row, "s").max(1),
            lost: text_of(row, "l").map(ConnectionId::new),
            changed_ms: number_of(row, "w"),
            doubted: row.contains_key("r"),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            subscriptions: usize::try_from(self.subscriptions).unwrap_or_default(),
            users: usize::try_from(self.users).unwrap_or_default(),
        }
    }

    fn is_over(&self) -> bool {
        self.subscriptions <= 0 && self.users <= 0 && self.lost.is_none()
    }
}

impl DynamoStore {
    /// The channel's row as it is now.
    pub(crate) async fn channel(&self, place: &Place) -> Result<Channel, Error> {
        let row = self.table.get(place.row()).await?.filter(|row| is_live(row, self.now_s()));
        Ok(row.as_ref().map_or_else(|| Channel { shards: 1, ..Channel::default() }, Channel::read))
    }

    /// How many there are; looked at again if a verb was left halfway.
    pub(crate) async fn count(&self, place: &Place) -> Result<Counts, Error> {
        let channel = self.channel(place).await?;
        let settled = channel.doubted && self.settle_quiet(place, Some(&channel)).await?;
        Ok(if settled { self.channel(place).await?.counts() } else { channel.counts() })
    }

    /// Counts a newcomer.
    pub(crate) async fn come(&self, place: &Place, coming: &Coming) -> Result<Come, Error> {
        if coming.first_of_user == Some(0) {
            return Ok(Come::Full);
        }
        let mut values = vec![
            (":x", number(self.expires_s())),
            (":now", number(self.now_s())),
            (":w", number(self.now_ms())),
            (":g", text(place.occupied())),
            (":s", number(coming.shards)),
            (":one", number(1)),
            (":user", number(u8::from(coming.first_of_user.is_some()))),
        ];
        let anew = values.clone();
        values.extend(coming.first_of_user.map(|most| (":most", number(most))));
        let only_if = if coming.first_of_user.is_some() { FITS_ONE_MORE } else { FITS };
        for _ in 0..ATTEMPTS {
            let change = Change {
                set: "SET x = :x, w = :w, g = :g, s = if_not_exists(s, :s) REMOVE l ADD n :one, m :user",
                only_if,
                values: &values,
                answer: ReturnValue::AllOld,
            };
            match self.table.attempt(place.row(), change).await? {
                Ok(before) => {
                    let before = Channel::read(&before);
                    let shards = before.shards.max(coming.shards);
                    return Ok(Come::After(Channel { shards, ..before }));
                }
                Err(row) if !is_live(&row, self.now_s()) => {
                    if self.begin_anew(place, &anew).await? {
                        let shards = coming.shards;
                        return Ok(Come::After(Channel { shards, ..Channel::default() }));
                    }
                }
                Err(row) if Channel::read(&row).shards < coming.shards => {
                    self.raise(place, Channel::read(&row).shards, coming.shards).await?;
                }
                Err(_) => return Ok(Come::Full),
            }
        }
        Err(Error::Busy(ATTEMPTS))
    }

    /// Counts the first one on a row that is out of date; whether it still was.
    async fn begin_anew(&self, place: &Place, values: Values<'_>) -> Result<bool, Error> {
        let change = Change {
            set: "SET x = :x, w = :w, g = :g, s = :s, n = :one, m = :user REMOVE l, h, r",
            only_if: "x <= :now",
            values,
            answer: ReturnValue::None,
        };
        Ok(self.table.update(place.row(), change).await?.is_some())
    }

    /// Gives a user's place back that was counted for nothing.
    pub(crate) async fn uncount_user(&self, place: &Place) -> Result<(), Error> {
        let change = Change {
            set: "SET w = :w ADD m :less",
            only_if: "x > :now AND m >= :one",
            values: &self.less(),
            answer: ReturnValue::None,
        };
        self.table.update(place.row(), change).await.map(drop)
    }

    fn less(&self) -> [(&'static str, aws_sdk_dynamodb::types::AttributeValue); 4] {
        [
            (":w", number(self.now_ms())),
            (":now", number(self.now_s())),
            (":one", number(1)),
            (":less", number(-1)),
        ]
    }

    /// Counts one who goes, and maybe a user; one who was `lost` is waited for.
    pub(crate) async fn go(
        &self,
        place: &Place,
        user: bool,
        lost: Option<&ConnectionId>,
    ) -> Result<Gone, Error> {
        let mut values = self.less().to_vec();
        values.push((":user", number(-i64::from(user))));
        values.extend(lost.map(|lost| (":l", text(lost.as_str()))));
        let set = match lost {
            Some(_) => "SET w = :w, l = :l ADD n :less, m :user",
            None => "SET w = :w REMOVE l ADD n :less, m :user",
        };
        let only_if = "n >= :one AND x > :now";
        let change = Change { set, only_if, values: &values, answer: ReturnValue::AllNew };
        let Ok(after) = self.table.attempt(place.row(), change).await? else {
            return Ok(Gone::default());
        };
        let after = Channel::read(&after);
        self.fade(place, &after).await?;
        Ok(Gone { subscriptions: after.counts().subscriptions, vacated: after.subscriptions == 0 })
    }

    /// Ends an absence, and maybe a user's.
    pub(crate) async fn end(
        &self,
        place: &Place,
        user: bool,
        lost: &ConnectionId,
    ) -> Result<Gone, Error> {
        let change = Change {
            set: "SET w = :w REMOVE l ADD m :user",
            only_if: "l = :l AND n <= :zero AND x > :now",
            values: &[
                (":w", number(self.now_ms())),
                (":user", number(-i64::from(user))),
                (":l", text(lost.as_str())),
                (":zero", number(0)),
                (":now", number(self.now_s())),
            ],
            answer: ReturnValue::AllNew,
        };
        let (row, vacated) = match self.table.attempt(place.row(), change).await? {
            Ok(after) => (after, true),
            Err(row) if user && is_live(&row, self.now_s()) => {
                let change = Change {
                    set: "SET w = :w ADD m :less",
                    only_if: "x > :now AND m >= :one",
                    values: &self.less(),
                    answer: ReturnValue::AllNew,
                };
                (self.table.update(place.row(), change).await?.unwrap_or(row), false)
            }
            Err(row) if is_live(&row, self.now_s()) => (row, false),
            Err(_) => return Ok(Gone::default()),
        };
        let after = Channel::read(&row);
        if user || vacated {
            self.fade(place, &after).await?;
        }
        Ok(Gone { subscriptions: after.counts().subscriptions, vacated })
    }

    /// Lets the row of a channel go that nobody is on or waited for, unless somebody comes.
    pub(crate) async fn fade(&self, place: &Place, after: &Channel) -> Result<(), Error> {
        if !after.is_over() {
            return Ok(());
        }
        let change = Change {
            set: "SET x = :soon",
            only_if: "n <= :zero AND m <= :zero AND attribute_not_exists(l) AND x > :soon",
            values: &[(":soon", number(self.now_s() + FADES_S)), (":zero", number(0))],
            answer: ReturnValue::None,
        };
        self.table.update(place.row(), change).await.map(drop)
    }

    /// Doubles the shards of a channel that has grown. Members stay where they are: their links say where.
    pub(crate) async fn spread(&self, place: &Place, before: &Channel) -> Result<(), Error> {
        let (members, shards) = (before.subscriptions + 1, before.shards);
        if shards >= MOST_SHARDS || members <= i64::from(shards) * MEMBERS_PER_SHARD {
            return Ok(());
        }
        self.raise(place, shards, shards * 2).await
    }

    async fn raise(&self, place: &Place, was: u32, shards: u32) -> Result<(), Error> {
        let change = Change {
            set: "SET s = :s",
            only_if: "s = :was",
            values: &[(":s", number(shards)), (":was", number(was))],
            answer: ReturnValue::None,
        };
        self.table.update(place.row(), change).await.map(drop)
    }

    /// Whether a channel's count was not held before. A note whose job never came is forgotten.
    pub(crate) async fn hold(&self, place: &Place) -> Result<bool, Error> {
        let now_ms = self.now_ms();
        let change = Change {
            set: "SET h = :until",
            only_if: "x > :now AND (attribute_not_exists(h) OR h <= :ms)",
            values: &[
                (":until", number(now_ms + HELD_MS)),
                (":now", number(self.now_s())),
                (":ms", number(now_ms)),
            ],
            answer: ReturnValue::None,
        };
        Ok(self.table.update(place.row(), change).await?.is_some())
    }

    /// The number that was held, if one was.
    pub(crate) async fn release(&self, place: &Place) -> Result<Option<usize>, Error> {
        let change = Change {
            set: "REMOVE h",
            only_if: "attribute_exists(h) AND x > :now",
            values: &[(":now", number(self.now_s()))],
            answer: ReturnValue::AllNew,
        };
        let row = self.table.update(place.row(), change).await?;
        Ok(row.map(|row| Channel::read(&row).counts().subscriptions))
    }

    /// Notes that a verb on the channel was left halfway, so that its numbers are looked at again.
    pub(crate) async fn doubt(&self, place: &Place) -> Result<(), Error> {
        let change = Change {
            set: "SET r = :one",
            only_if: "x > :now AND attribute_not_exists(r)",
            values: &[(":one", number(1)), (":now", number(self.now_s()))],
            answer: ReturnValue::None,
        };
        self.table.update(place.row(), change).await.map(drop)
    }
}
