//! The occupied channels of an app: their names from the index, which may lag, and their numbers from the rows.

use channels::Counts;
use futures::future::try_join_all;
use protocol::{AppId, ChannelName};

use crate::channel::Channel;
use crate::item::{Item, is_live, text, text_of};
use crate::keys::{OCCUPIED_INDEX, OCCUPIED_PARTITIONS, OWN, key};
use crate::{DynamoStore, Error, keys};

impl DynamoStore {
    pub(crate) async fn occupied(
        &self,
        app: &AppId,
        prefix: &str,
    ) -> Result<Vec<(ChannelName, Counts)>, Error> {
        let partitions = (0..OCCUPIED_PARTITIONS).map(|it| self.partition(app, it, prefix));
        let keys = try_join_all(partitions).await?.into_iter().flatten().collect();
        let (rows, now_s, start) =
            (self.table.get_all(keys).await?, self.now_s(), keys::channels(app));
        let live = rows.iter().filter(|row| is_live(row, now_s));
        let mut found: Vec<_> = live.filter_map(|row| read(row, &start)).collect();
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }

    /// The keys of the channels in one partition of the index.
    async fn partition(
        &self,
        app: &AppId,
        partition: u32,
        prefix: &str,
    ) -> Result<Vec<Item>, Error> {
        let (mut keys, mut start) = (Vec::new(), None);
        loop {
            let query = self.table.client.query().table_name(&self.table.name);
            let query = query.index_name(OCCUPIED_INDEX);
            let query = query.key_condition_expression("g = :g AND begins_with(pk, :prefix)");
            let query =
                query.expression_attribute_values(":g", text(keys::occupied(app, partition)));
            let prefix = format!("{}{prefix}", keys::channels(app));
            let query = query.expression_attribute_values(":prefix", text(prefix));
            let page = query.set_exclusive_start_key(start.take()).send();
            let page = page.await.map_err(Error::of)?;
            let items = page.items.unwrap_or_default();
            keys.extend(
                items.iter().filter_map(|row| Some(key(text_of(row, "pk")?.to_owned(), OWN))),
            );
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(keys);
            }
        }
    }
}

fn read(row: &Item, start: &str) -> Option<(ChannelName, Counts)> {
    let name = ChannelName::parse(text_of(row, "pk")?.strip_prefix(start)?).ok()?;
    let counts = Channel::read(row).counts();
    (counts != Counts::default()).then_some((name, counts))
}
