//! Deliveries of webhooks: stored before they are sent, gone when they are taken, kept when they are given up.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use futures::future::try_join_all;
use posts::Timestamp;
use protocol::AppId;
use webhooks::{Delivery, DeliveryId, DeliveryState, EndpointId};

use crate::item::{Item, number, read, text, text_of, write};
use crate::{Data, Error, keys};

/// Most writes that one call of [`Data::write_hooks`] takes (TransactWriteItems: 100).
pub const HOOK_WRITES: usize = 100;
/// Most bytes of events that one call of [`Data::write_hooks`] takes (TransactWriteItems: 4 MB, with room for keys).
pub const HOOK_WRITE_BYTES: usize = 3 * 1024 * 1024;

/// How long a dead letter is kept, in seconds: 30 days.
const DEAD_KEPT_S: u64 = 30 * 24 * 3600;

/// One write of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookWrite {
    /// A new delivery.
    Add(Delivery),
    /// A delivery that was taken.
    Drop(DeliveryId),
}

/// One entry of the due index. It may be stale: the claim decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueHook {
    /// Which delivery.
    pub id: DeliveryId,
    /// Of which app.
    pub app_id: AppId,
    /// To which of its endpoints.
    pub endpoint_id: EndpointId,
}

#[derive(serde::Deserialize)]
struct Place {
    app_id: AppId,
    endpoint_id: EndpointId,
}

impl Data {
    /// Stores a group of writes in one transaction: one commit to the disk, however many they are. At most
    /// [`HOOK_WRITES`] of [`HOOK_WRITE_BYTES`], no delivery twice. Storing it twice is fine.
    pub async fn write_hooks(&self, group: &[HookWrite]) -> Result<(), Error> {
        let table = &self.tables.webhooks;
        let mut writes = Vec::with_capacity(group.len());
        for write in group {
            let item = TransactWriteItem::builder();
            writes.push(match write {
                HookWrite::Add(delivery) => {
                    let put = Put::builder().table_name(table).set_item(Some(hook_item(delivery)?));
                    item.put(put.build()?).build()
                }
                HookWrite::Drop(id) => {
                    let delete = Delete::builder().table_name(table).set_key(Some(key(id)));
                    item.delete(delete.build()?).build()
                }
            });
        }
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        request.send().await.map(drop).map_err(crate::error::of_transaction)
    }

    /// Stores `after` in the place of `before`. Fails with `Conflict` if `before` is not what is stored: another worker
    /// has it.
    pub async fn replace_hook(&self, before: &Delivery, after: &Delivery) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.tables.webhooks);
        let put = put
            .set_item(Some(hook_item(after)?))
            .condition_expression(keys::SAME_VERSION)
            .expression_attribute_names("#version", "version");
        put.expression_attribute_values(":before", number(before.version)).send().await?;
        Ok(())
    }

    /// Reads a delivery, as it is now. Fails with `NotFound`.
    pub async fn get_hook(&self, id: &DeliveryId) -> Result<Delivery, Error> {
        let get = self.client.get_item().table_name(&self.tables.webhooks).consistent_read(true);
        let found = get.set_key(Some(key(id))).send().await?;
        read(&found.item.ok_or(Error::NotFound)?)
    }

    /// The deliveries that wait and are due until `horizon`, at most `per_shard` of each shard, the oldest of each first.
    /// The index may lag behind: the claim decides.
    pub async fn due_hooks(
        &self,
        horizon: Timestamp,
        per_shard: i32,
    ) -> Result<Vec<DueHook>, Error> {
        let shards = (0..keys::SHARDS).map(|shard| self.due_hooks_of(shard, horizon, per_shard));
        Ok(try_join_all(shards).await?.into_iter().flatten().collect())
    }

    async fn due_hooks_of(
        &self,
        shard: u8,
        horizon: Timestamp,
        limit: i32,
    ) -> Result<Vec<DueHook>, Error> {
        let query =
            self.client.query().table_name(&self.tables.webhooks).index_name(keys::DUE_INDEX);
        let query =
            query.key_condition_expression("due_pk = :shard AND due_sk < :after").limit(limit);
        let query = query.expression_attribute_values(":shard", text(keys::shard(shard)));
        let after = format!("{:015}", horizon.ms() + 1);
        let page = query.expression_attribute_values(":after", text(after)).send().await?;
        page.items.unwrap_or_default().iter().map(entry).collect()
    }

    /// Lists the dead letters of an app, the youngest first, at most `limit`.
    pub async fn list_dead_hooks(&self, app: &AppId, limit: i32) -> Result<Vec<Delivery>, Error> {
        let query =
            self.client.query().table_name(&self.tables.webhooks).index_name(keys::LIST_INDEX);
        let query = query.key_condition_expression("list_pk = :app").limit(limit);
        let query = query.scan_index_forward(false);
        let page = query.expression_attribute_values(":app", text(app.as_str())).send().await?;
        page.items.unwrap_or_default().iter().map(read).collect()
    }
}

fn key(id: &DeliveryId) -> Item {
    [("pk".to_owned(), text(id.as_str())), ("sk".to_owned(), text("state"))].into()
}

fn entry(item: &Item) -> Result<DueHook, Error> {
    let Place { app_id, endpoint_id } = read(item)?;
    Ok(DueHook { id: DeliveryId::new(text_of(item, "pk")), app_id, endpoint_id })
}

/// A delivery as a whole item: in the due index while it waits, in the list once it is dead.
fn hook_item(delivery: &Delivery) -> Result<Item, Error> {
    let mut item = write(delivery)?;
    item.extend(key(&delivery.id));
    match &delivery.state {
        DeliveryState::Waiting { at } | DeliveryState::Held { until: at, .. } => {
            item.extend(keys::due(delivery.id.as_str(), *at));
        }
        DeliveryState::Dead { at, .. } => {
            let place = keys::timed(*at, delivery.id.as_str());
            item.insert("list_pk".to_owned(), text(delivery.app_id.as_str()));
            item.insert("list_sk".to_owned(), text(place));
            item.insert("expires_at".to_owned(), number(at.seconds() + DEAD_KEPT_S));
        }
    }
    Ok(item)
}
