//! Users, present on a channel or online: each row has a set of connections, so that adding and removing one is safe twice.
//!
//! A row without connections is either waited for (`l`) or about to go. Whoever adds a connection to it in that moment was
//! never away for the others: the delete that ends the row holds only while it is without connections.

use std::sync::Arc;

use aws_sdk_dynamodb::types::ReturnValue;
use channels::Leaving;
use protocol::{ConnectionId, Member, Roster, UserId};
use serde_json::value::RawValue;

use crate::item::{Item, is_live, number, set_of, text, text_of};
use crate::keys::Place;
use crate::table::{ATTEMPTS, Change};
use crate::{DynamoStore, Error};

/// What sorts after every user id.
const AFTER_ALL: &str = "\u{10ffff}";
/// What sorts before every user id: they have at least one character, and keys may not be empty.
const BEFORE_ALL: &str = "\u{0}";
/// What a user's entries in a roster take at least, nearly always, bytes.
const SMALL_ENTRY: usize = 32;
/// Rows of a roster that are read before it is known how large they are. Ours: a few units.
const FIRST_ROWS: usize = 100;
/// The row is new, or not out of date.
const LIVE: &str = "attribute_not_exists(x) OR x > :now";
/// And has the connection already, or room for one more.
const LIVE_WITH_ROOM: &str = "(attribute_not_exists(x) OR x > :now) AND \
    (attribute_not_exists(cs) OR size(cs) < :most OR contains(cs, :id))";
/// Somebody was here, is not, and is not waited for.
const EMPTY: &str = "attribute_exists(i) AND attribute_not_exists(cs) AND attribute_not_exists(l)";

/// What became of a connection that was to be added to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seated {
    /// It is the first one, and the user was not waited for.
    First,
    /// The user was there, or was waited for.
    Another,
    /// The user has as many as one may have; nothing changed.
    Full,
}

impl DynamoStore {
    /// Adds a connection to a user. The first announced `user_info` stays, so that every roster agrees. `most`: how many
    /// connections the user may have.
    pub(crate) async fn seat(
        &self,
        key: Item,
        info: &str,
        id: &ConnectionId,
        most: Option<u32>,
    ) -> Result<Seated, Error> {
        let mut values = vec![
            (":i", text(info)),
            (":x", number(self.expires_s())),
            (":now", number(self.now_s())),
            (":c", set_of(id.as_str())),
        ];
        if let Some(most) = most {
            values.extend([(":most", number(most)), (":id", text(id.as_str()))]);
        }
        for _ in 0..ATTEMPTS {
            let change = Change {
                set: "SET i = if_not_exists(i, :i), x = :x REMOVE l ADD cs :c",
                only_if: if most.is_some() { LIVE_WITH_ROOM } else { LIVE },
                values: &values,
                answer: ReturnValue::AllOld,
            };
            if let Some(before) = self.table.update(key.clone(), change).await? {
                let known = before.contains_key("i");
                return Ok(if known { Seated::Another } else { Seated::First });
            }
            if !self.drop_expired(key.clone()).await? && most.is_some() {
                return Ok(Seated::Full);
            }
        }
        Err(Error::Busy(ATTEMPTS))
    }

    /// Adds a connection to a user who is there; whether the user was.
    pub(crate) async fn seat_beside(&self, key: Item, id: &ConnectionId) -> Result<bool, Error> {
        let values = [
            (":x", number(self.expires_s())),
            (":now", number(self.now_s())),
            (":c", set_of(id.as_str())),
        ];
        let change = Change {
            set: "SET x = :x REMOVE l ADD cs :c",
            only_if: "attribute_exists(i) AND x > :now",
            values: &values,
            answer: ReturnValue::None,
        };
        Ok(self.table.update(key, change).await?.is_some())
    }

    /// What is out of date must not be added to. Whether it was.
    async fn drop_expired(&self, key: Item) -> Result<bool, Error> {
        let now = [(":now", number(self.now_s()))];
        self.table.delete_if(key, "x <= :now", &now).await
    }

    /// Takes a connection from a user; whether the user is left without any.
    pub(crate) async fn unseat(&self, key: Item, id: &ConnectionId) -> Result<bool, Error> {
        let change = Change {
            set: "DELETE cs :c",
            only_if: "contains(cs, :id) AND x > :now",
            values: &[
                (":c", set_of(id.as_str())),
                (":id", text(id.as_str())),
                (":now", number(self.now_s())),
            ],
            answer: ReturnValue::AllNew,
        };
        let after = self.table.update(key, change).await?;
        Ok(after.is_some_and(|after| !after.contains_key("cs")))
    }

    /// Ends the row of a user without connections, or marks it as waited for; whether the user did not come back meanwhile.
    pub(crate) async fn miss_user(
        &self,
        key: Item,
        id: &ConnectionId,
        leaving: Leaving,
    ) -> Result<bool, Error> {
        match leaving {
            Leaving::Clean => self.table.delete_if(key, EMPTY, &[]).await,
            Leaving::Lost => {
                let lost = [(":l", text(id.as_str()))];
                let answer = ReturnValue::None;
                let change = Change { set: "SET l = :l", only_if: EMPTY, values: &lost, answer };
                Ok(self.table.update(key, change).await?.is_some())
            }
        }
    }

    /// Ends the absence that this connection began; whether it still lasted.
    pub(crate) async fn end_absence(&self, key: Item, lost: &ConnectionId) -> Result<bool, Error> {
        let only_if = "l = :l AND attribute_not_exists(cs) AND x > :now";
        let values = [(":l", text(lost.as_str())), (":now", number(self.now_s()))];
        self.table.delete_if(key, only_if, &values).await
    }

    /// Whether a user is on a channel, or was a moment ago.
    pub(crate) async fn glance_user(&self, place: &Place, user: &UserId) -> Result<bool, Error> {
        let row = self.table.glance(place.user(user)).await?;
        Ok(row.is_some_and(|row| is_live(&row, self.now_s())))
    }

    /// The rows of everyone on a presence channel, in order of their ids.
    pub(crate) async fn user_rows(&self, place: &Place) -> Result<Vec<Item>, Error> {
        let rows = self.table.range(place.users(), BEFORE_ALL, AFTER_ALL).await?;
        let now_s = self.now_s();
        Ok(rows.into_iter().filter(|row| is_live(row, now_s)).collect())
    }

    /// Everyone on a presence channel, in order of their ids.
    pub(crate) async fn seated(&self, place: &Place) -> Result<Vec<Member>, Error> {
        self.user_rows(place).await?.iter().filter_map(|row| read(row).transpose()).collect()
    }

    /// As much of the roster as a frame holds, and hardly more is read than that: a channel of thousands costs a newcomer what the
    /// frame does. The member's own entry is the one that was announced first: this one, if it is `first_of_user`. `counted`:
    /// how many users there are by the channel's row, for when not all are read.
    pub(crate) async fn roster(
        &self,
        place: &Place,
        member: &Member,
        (counted, first_of_user): (usize, bool),
        bytes: usize,
    ) -> Result<Roster, Error> {
        let (all, rest) = self.first_users(place, bytes).await?;
        let own = match all.iter().find(|it| it.user_id == member.user_id) {
            Some(own) => own.clone(),
            None if rest && !first_of_user => self.announced(place, member).await?,
            None => member.clone(),
        };
        let count = if rest { counted.max(all.len()) } else { all.len() };
        Ok(Roster::page(&own, all.iter(), count, bytes))
    }

    /// The first users of a channel, at least as many as so many bytes of a frame hold, and whether there may be more.
    async fn first_users(&self, place: &Place, bytes: usize) -> Result<(Vec<Member>, bool), Error> {
        let (users, now_s) = (place.users(), self.now_s());
        let (mut all, mut taken, mut start) = (Vec::<Member>::new(), 0, None);
        let mut most = (bytes / SMALL_ENTRY).clamp(1, FIRST_ROWS);
        loop {
            let (rows, next) =
                self.table.some(&users, (BEFORE_ALL, AFTER_ALL), most, start).await?;
            for row in rows.iter().filter(|row| is_live(row, now_s)) {
                let user = read(row)?;
                taken += user.as_ref().map_or(0, Member::bytes);
                all.extend(user);
            }
            if next.is_none() || taken >= bytes {
                return Ok((all, next.is_some()));
            }
            // As many as would fill the frame if they are like those before.
            most = (bytes - taken).saturating_mul(all.len()) / taken.max(1) + 1;
            start = next;
        }
    }

    /// A member as it was announced first.
    async fn announced(&self, place: &Place, member: &Member) -> Result<Member, Error> {
        let row = self.table.get(place.user(&member.user_id)).await?;
        let known = row.filter(|row| is_live(row, self.now_s())).as_ref().map(read).transpose()?;
        Ok(known.flatten().unwrap_or_else(|| member.clone()))
    }
}

fn read(row: &Item) -> Result<Option<Member>, Error> {
    let (Some(id), Some(info)) = (text_of(row, "sk"), text_of(row, "i")) else { return Ok(None) };
    let user_info = match info {
        "" => None,
        json => Some(Arc::from(RawValue::from_string(json.to_owned())?)),
    };
    Ok(Some(Member { user_id: UserId::new(id), user_info }))
}
