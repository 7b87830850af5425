//! The members of a channel: one small row each, in as many shards as the channel's row says.

use std::sync::Arc;

use futures::future::try_join_all;
use protocol::{ConnectionId, UserId};

use crate::channel::Channel;
use crate::item::{Item, is_live, number, text, text_of};
use crate::keys::{OWN, Place};
use crate::{DynamoStore, Error};

/// What sorts after every connection id.
const AFTER_ALL: &str = "\u{10ffff}";

impl DynamoStore {
    /// Adds a member.
    pub(crate) async fn put_member(
        &self,
        place: &Place,
        shard: u32,
        id: &ConnectionId,
        user: Option<&UserId>,
    ) -> Result<(), Error> {
        let mut row = place.member(shard, id);
        row.insert("x".to_owned(), number(self.expires_s()));
        if let Some(user) = user {
            row.insert("u".to_owned(), text(user.as_str()));
        }
        self.table.put(row).await
    }

    /// Everyone on a channel. The first shard is read with the channel's row, which tells of the others; both strongly, so
    /// that whoever was told to be subscribed is among them.
    pub(crate) async fn members(&self, place: &Place) -> Result<Arc<[ConnectionId]>, Error> {
        let first = self.table.range(place.shard(0), OWN, AFTER_ALL).await?;
        let shards = first
            .first()
            .filter(|row| text_of(row, "sk") == Some(OWN))
            .map_or(1, |row| Channel::read(row).shards);
        let others = (1..shards).map(|it| self.table.range(place.shard(it), OWN, AFTER_ALL));
        let others = try_join_all(others).await?;
        let now_s = self.now_s();
        Ok(first
            .iter()
            .chain(others.iter().flatten())
            .filter_map(|row| member(row, now_s))
            .collect())
    }
}

fn member(row: &Item, now_s: u64) -> Option<ConnectionId> {
    let id = text_of(row, "sk").filter(|sk| *sk != OWN)?;
    is_live(row, now_s).then(|| ConnectionId::new(id))
}
