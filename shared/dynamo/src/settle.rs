//! Settle: puts the numbers of a channel right that a process left wrong which ended between two writes.
//!
//! A join counts before it writes its member, a leave after it took the member away. So on a channel where nobody came or
//! went for a while the members are the truth, and the numbers follow.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use channels::Leaving;
use protocol::{ConnectionId, UserId};

use crate::channel::Channel;
use crate::item::{Item, number, text_of};
use crate::keys::Place;
use crate::table::Change;
use crate::{DynamoStore, Error, members};

/// How long nobody must have come or gone, milliseconds. Ours: longer than any verb takes, and than the time for which those
/// who are lost are waited for.
pub(crate) const QUIET_MS: u64 = 60_000;

impl DynamoStore {
    /// Settles a channel if it is quiet; whether it did.
    pub(crate) async fn settle_quiet(
        &self,
        place: &Place,
        channel: Option<&Channel>,
    ) -> Result<bool, Error> {
        match channel {
            Some(it) if it.changed_ms.saturating_add(QUIET_MS) <= self.now_ms() => {
                self.settle(place).await
            }
            _ => Ok(false),
        }
    }

    async fn settle(&self, place: &Place) -> Result<bool, Error> {
        let all = self.everyone(place).await?;
        let Some(before) = all.channel else { return Ok(false) };
        let users = self.settle_users(place, &all.rows).await?;
        let change = Change {
            set: "SET n = :n, m = :m, w = :w REMOVE l, r",
            only_if: "n = :was_n AND m = :was_m AND w = :was_w",
            values: &[
                (":n", number(all.rows.len())),
                (":m", number(users)),
                (":w", number(self.now_ms())),
                (":was_n", number(before.subscriptions)),
                (":was_m", number(before.users)),
                (":was_w", number(before.changed_ms)),
            ],
            answer: ReturnValue::AllNew,
        };
        let Some(after) = self.table.update(place.row(), change).await? else { return Ok(false) };
        self.fade(place, &Channel::read(&after)).await.map(|()| true)
    }

    /// Ends what users have left of connections that are no members, and answers how many users are there.
    async fn settle_users(&self, place: &Place, rows: &[Item]) -> Result<usize, Error> {
        let mut there: BTreeMap<&str, BTreeSet<ConnectionId>> = BTreeMap::new();
        for row in rows {
            if let (Some(user), Some(id)) = (text_of(row, "u"), members::member(row)) {
                there.entry(user).or_default().insert(id);
            }
        }
        let none = BTreeSet::new();
        for row in self.user_rows(place).await? {
            let Some(user) = text_of(&row, "sk") else { continue };
            let ids = row.get("cs").and_then(|ids| ids.as_ss().ok()).into_iter().flatten();
            let members = there.get(user).unwrap_or(&none);
            let stale = ids.filter(|id| !members.contains(&ConnectionId::new(id.as_str())));
            self.unseat_stale(place, &UserId::new(user), stale.cloned().collect()).await?;
            if members.is_empty() {
                let key = place.user(&UserId::new(user));
                match text_of(&row, "l").map(ConnectionId::new) {
                    Some(lost) => self.end_absence(key, &lost).await?,
                    None => {
                        let nobody = ConnectionId::new("");
                        self.miss_user(key, &nobody, Leaving::Clean).await?
                    }
                };
            }
        }
        Ok(self.user_rows(place).await?.len())
    }

    async fn unseat_stale(
        &self,
        place: &Place,
        user: &UserId,
        stale: Vec<String>,
    ) -> Result<(), Error> {
        if stale.is_empty() {
            return Ok(());
        }
        let change = Change {
            set: "DELETE cs :stale",
            only_if: "attribute_exists(cs)",
            values: &[(":stale", AttributeValue::Ss(stale))],
            answer: ReturnValue::None,
        };
        self.table.update(place.user(user), change).await.map(drop)
    }
}
