//! The claim of a due post, with its deliveries, in one transaction.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use posts::{Delivery, Post};

use crate::error::of_transaction;
use crate::item::number;
use crate::{Data, Error, keys};

impl Data {
    /// Stores the claimed post and its new deliveries together. Fails with `Conflict` if `before` is not what is
    /// stored. At most 51 items: a transaction takes 100.
    pub async fn claim_post(
        &self,
        before: &Post,
        after: &Post,
        deliveries: &[Delivery],
    ) -> Result<(), Error> {
        let put =
            Put::builder().table_name(&self.tables.posts).set_item(Some(keys::post_item(after)?));
        let put = put
            .condition_expression(keys::SAME_VERSION)
            .expression_attribute_names("#version", "version");
        let put = put.expression_attribute_values(":before", number(before.version)).build()?;
        let mut writes = vec![TransactWriteItem::builder().put(put).build()];
        for delivery in deliveries {
            let item = keys::delivery_item(delivery)?;
            let put = Put::builder().table_name(&self.tables.posts).set_item(Some(item));
            let put = put.condition_expression("attribute_not_exists(pk)").build()?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        request.send().await.map(drop).map_err(of_transaction)
    }
}
