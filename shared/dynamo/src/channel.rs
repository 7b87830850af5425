//! The channel's row: how many there are, in how many shards, and who is waited for.
//!
//! Comings add to it without looking. Goings look first: only the last one of a channel, which ends or marks the row, is
//! bound to the numbers it saw; the others may pass each other.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use channels::Counts;
use protocol::ConnectionId;

use crate::item::{Item, is_live, number, number_of, text, text_of};
use crate::keys::Place;
use crate::table::{ATTEMPTS, Change};
use crate::{DynamoStore, Error};

/// Members of a shard, on average, from which the number of shards doubles. Ours: a shard is read in one page of 1 MB, in
/// well under the 3,000 units that a partition gives in a second (DynamoDB: partition limits).
pub(crate) const MEMBERS_PER_SHARD: i64 = 2_500;
/// Most shards. Ours: at 1,000 writes a second each, 64,000 comings and goings a second on one channel.
const MOST_SHARDS: u32 = 64;

/// What the row says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Channel {
    /// How many subscriptions.
    pub(crate) subscriptions: i64,
    /// How many users, those who are waited for included.
    pub(crate) users: i64,
    /// In how many shards members are.
    pub(crate) shards: u32,
    /// Which lost connection emptied the channel, while somebody may come back.
    pub(crate) lost: Option<ConnectionId>,
}

/// Who comes.
pub(crate) struct Coming {
    /// The user's first connection.
    pub(crate) first_of_user: bool,
    /// The number of shards that the newcomer knew.
    pub(crate) shards: u32,
}

/// What ends.
pub(crate) struct Going<'a> {
    /// Subscriptions.
    pub(crate) subscriptions: i64,
    /// Users.
    pub(crate) users: i64,
    /// The connection, if it was lost: should it be the last one, it is waited for.
    pub(crate) lost: Option<&'a ConnectionId>,
    /// The absence that is over, if it still lasts.
    pub(crate) over: Option<&'a ConnectionId>,
}

/// What a going came to.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    /// How many subscriptions are left.
    pub(crate) subscriptions: i64,
    /// The absence lasted until now.
    pub(crate) ended: bool,
}

impl Channel {
    pub(crate) fn read(row: &Item) -> Self {
        Self {
            subscriptions: number_of(row, "n"),
            users: number_of(row, "m"),
            shards: number_of::<u32>(row, "s").max(1),
            lost: text_of(row, "l").map(ConnectionId::new),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            subscriptions: usize::try_from(self.subscriptions).unwrap_or_default(),
            users: usize::try_from(self.users).unwrap_or_default(),
        }
    }

    /// What is left after a going; `None` if nothing is to be remembered.
    fn after(&self, going: &Going<'_>) -> Option<Self> {
        let mut after = self.clone();
        after.subscriptions -= going.subscriptions;
        after.users -= going.users;
        if after.lost.as_ref() == going.over {
            after.lost = None;
        }
        if let (true, Some(lost)) = (after.subscriptions <= 0, going.lost) {
            after.lost = Some(lost.clone());
        }
        (after.subscriptions > 0 || after.users > 0 || after.lost.is_some()).then_some(after)
    }
}

impl DynamoStore {
    /// The channel's row as it is now.
    pub(crate) async fn channel(&self, place: &Place) -> Result<Channel, Error> {
        let row = self.table.get(place.row()).await?.filter(|row| is_live(row, self.now_s()));
        Ok(row.as_ref().map_or_else(|| Channel { shards: 1, ..Channel::default() }, Channel::read))
    }

    /// Counts a newcomer; answers what was before.
    pub(crate) async fn come(&self, place: &Place, coming: &Coming) -> Result<Channel, Error> {
        let values = [
            (":x", number(self.expires_s())),
            (":now", number(self.now_s())),
            (":g", text(place.occupied())),
            (":s", number(coming.shards)),
            (":one", number(1)),
            (":user", number(u8::from(coming.first_of_user))),
        ];
        for _ in 0..ATTEMPTS {
            let change = Change {
                set: "SET x = :x, g = :g, s = if_not_exists(s, :s) REMOVE l ADD n :one, m :user",
                only_if: "attribute_not_exists(x) OR x > :now",
                values: &values,
                answer: ReturnValue::AllOld,
            };
            if let Some(before) = self.table.update(place.row(), change).await? {
                return Ok(Channel::read(&before));
            }
            self.drop_expired(place.row()).await?;
        }
        Err(Error::Busy(ATTEMPTS))
    }

    /// What is out of date must not be added to. Whether it was.
    pub(crate) async fn drop_expired(&self, key: Item) -> Result<bool, Error> {
        let now = [(":now", number(self.now_s()))];
        self.table.delete_if(key, "x <= :now", &now).await
    }

    /// Counts what ends.
    pub(crate) async fn go(&self, place: &Place, going: &Going<'_>) -> Result<Gone, Error> {
        for _ in 0..ATTEMPTS {
            let Some(row) = self.table.get(place.row()).await? else { return Ok(Gone::default()) };
            let before = Channel::read(&row);
            let ended = before.lost.is_some() && before.lost.as_ref() == going.over;
            if going.subscriptions == 0 && going.users == 0 && !ended {
                return Ok(Gone { subscriptions: before.subscriptions, ended });
            }
            let subscriptions = before.subscriptions - going.subscriptions;
            let done = match before.after(going) {
                None => self.end(place, &before).await?,
                Some(after) => self.turn(place, &before, &after).await?,
            };
            if done {
                return Ok(Gone { subscriptions, ended });
            }
        }
        Err(Error::Busy(ATTEMPTS))
    }

    /// Deletes the row, if it is as it was seen.
    async fn end(&self, place: &Place, before: &Channel) -> Result<bool, Error> {
        let mut values = vec![(":n", number(before.subscriptions)), (":m", number(before.users))];
        let only_if = same(before, &mut values);
        self.table.delete_if(place.row(), only_if, &values).await
    }

    /// Changes the numbers: if they are as they were seen, or, while others stay subscribed, whatever they are.
    async fn turn(&self, place: &Place, before: &Channel, after: &Channel) -> Result<bool, Error> {
        let ended = before.subscriptions - after.subscriptions;
        let mut values = vec![(":dn", number(-ended)), (":dm", number(after.users - before.users))];
        let only_if = if after.subscriptions > 0 {
            // Nobody is waited for then, and the row cannot be over.
            values.push((":ended", number(ended)));
            "n > :ended"
        } else {
            values.extend([(":n", number(before.subscriptions)), (":m", number(before.users))]);
            same(before, &mut values)
        };
        let set = match (&after.lost, &before.lost) {
            (Some(lost), _) => {
                values.push((":l", text(lost.as_str())));
                "SET l = :l ADD n :dn, m :dm"
            }
            (None, Some(_)) => "REMOVE l ADD n :dn, m :dm",
            (None, None) => "ADD n :dn, m :dm",
        };
        let change = Change { set, only_if, values: &values, answer: ReturnValue::None };
        Ok(self.table.update(place.row(), change).await?.is_some())
    }

    /// Doubles the shards of a channel that has grown. Members stay where they are: their links say where.
    pub(crate) async fn spread(
        &self,
        place: &Place,
        members: i64,
        shards: u32,
    ) -> Result<(), Error> {
        if shards >= MOST_SHARDS || members <= i64::from(shards) * MEMBERS_PER_SHARD {
            return Ok(());
        }
        let change = Change {
            set: "SET s = :s",
            only_if: "s = :was",
            values: &[(":s", number(shards * 2)), (":was", number(shards))],
            answer: ReturnValue::None,
        };
        self.table.update(place.row(), change).await.map(drop)
    }

    /// Whether a channel's count was not held before.
    pub(crate) async fn hold(&self, place: &Place) -> Result<bool, Error> {
        let change = Change {
            set: "SET h = :yes",
            only_if: "x > :now AND attribute_not_exists(h)",
            values: &[(":yes", number(1)), (":now", number(self.now_s()))],
            answer: ReturnValue::None,
        };
        Ok(self.table.update(place.row(), change).await?.is_some())
    }

    /// The number that was held, if one was.
    pub(crate) async fn release(&self, place: &Place) -> Result<Option<usize>, Error> {
        let change = Change {
            set: "REMOVE h",
            only_if: "attribute_exists(h)",
            values: &[],
            answer: ReturnValue::AllNew,
        };
        let row = self.table.update(place.row(), change).await?;
        Ok(row.map(|row| Channel::read(&row).counts().subscriptions))
    }
}

/// Holds a change back unless the numbers and the absence are as they were seen.
fn same(before: &Channel, values: &mut Vec<(&str, AttributeValue)>) -> &'static str {
    match &before.lost {
        Some(lost) => {
            values.push((":was", text(lost.as_str())));
            "n = :n AND m = :m AND l = :was"
        }
        None => "n = :n AND m = :m AND attribute_not_exists(l)",
    }
}
