//! The claim of due posts, with their deliveries, in one transaction.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use posts::{Delivery, Post};

use crate::error::of_transaction;
use crate::item::number;
use crate::{Data, Error, keys};

/// Most items of one transaction. Source: the service's rules.
pub const TRANSACTION_ITEMS: usize = 100;

/// A post that is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The post as it was read.
    pub before: Post,
    /// The post as it is then.
    pub after: Post,
    /// Its deliveries, which are new.
    pub deliveries: Vec<Delivery>,
}

impl Claim {
    /// How many items it writes.
    pub fn items(&self) -> usize {
        1 + self.deliveries.len()
    }
}

impl Data {
    /// Stores claimed posts and their new deliveries, all or none. Fails with `Conflict` if one post is not what is
    /// stored. At most [`TRANSACTION_ITEMS`] items.
    pub async fn claim_posts(&self, claims: &[Claim]) -> Result<(), Error> {
        let mut writes = Vec::with_capacity(claims.iter().map(Claim::items).sum());
        for Claim { before, after, deliveries } in claims {
            let put = Put::builder()
                .table_name(&self.tables.posts)
                .set_item(Some(keys::post_item(after)?));
            let put = put
                .condition_expression(keys::SAME_VERSION)
                .expression_attribute_names("#version", "version");
            let put = put.expression_attribute_values(":before", number(before.version)).build()?;
            writes.push(TransactWriteItem::builder().put(put).build());
            for delivery in deliveries {
                let item = keys::delivery_item(delivery)?;
                let put = Put::builder().table_name(&self.tables.posts).set_item(Some(item));
                let put = put.condition_expression("attribute_not_exists(pk)").build()?;
                writes.push(TransactWriteItem::builder().put(put).build());
            }
        }
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        request.send().await.map(drop).map_err(of_transaction)
    }
}
