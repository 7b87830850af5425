//! The last write before a request goes out.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use posts::{Delivery, Timestamp};

use crate::error::of_transaction;
use crate::item::number;
use crate::{Data, Error, keys};

impl Data {
    /// Stores that the first attempt begins, together with the payload that it and every later one sends.
    /// Fails with `Conflict` if `before` is not what is stored.
    pub async fn arm_first(
        &self,
        before: &Delivery,
        after: &Delivery,
        payload: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let table = &self.tables.posts;
        let arm = Put::builder().table_name(table).set_item(Some(keys::delivery_item(after)?));
        let arm = arm
            .condition_expression(keys::SAME_VERSION)
            .expression_attribute_names("#version", "version");
        let arm = arm.expression_attribute_values(":before", number(before.version)).build()?;
        let freeze = Put::builder()
            .table_name(table)
            .set_item(Some(keys::payload_item(after, payload, now)));
        // One that an earlier worker stored ahead was never sent.
        let freeze = freeze.build()?;
        let writes = [arm, freeze].map(|put| TransactWriteItem::builder().put(put).build());
        let request = self.client.transact_write_items().set_transact_items(Some(writes.into()));
        request.send().await.map(drop).map_err(of_transaction)
    }
}
