//! A post and all that belongs to it, gone.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Delete, DeleteRequest, TransactWriteItem, WriteRequest};
use posts::{Delivery, Post};

use crate::error::{Cause, of_transaction};
use crate::item::number;
use crate::{Data, Error, keys};

/// Most items of one batch write. Source: BatchWriteItem.
const BATCH: usize = 25;
/// How often work that the service puts off is offered again.
const OFFERS: usize = 8;

impl Data {
    /// Deletes a post with its deliveries, then their payloads. Fails with `Conflict` if `post` is not what is
    /// stored. A payload that a crash leaves behind is dropped by its own expiry.
    pub async fn delete_post(&self, post: &Post, deliveries: &[Delivery]) -> Result<(), Error> {
        let table = &self.tables.posts;
        let gone = Delete::builder().table_name(table).set_key(Some(keys::post(&post.id)));
        let gone = gone
            .condition_expression(keys::SAME_VERSION)
            .expression_attribute_names("#version", "version");
        let gone = gone.expression_attribute_values(":before", number(post.version)).build()?;
        let mut writes = vec![TransactWriteItem::builder().delete(gone).build()];
        for delivery in deliveries {
            let key = keys::delivery(&post.id, &delivery.id);
            let gone = Delete::builder().table_name(table).set_key(Some(key)).build()?;
            writes.push(TransactWriteItem::builder().delete(gone).build());
        }
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        request.send().await.map_err(of_transaction)?;
        for some in deliveries.chunks(BATCH) {
            self.delete_payloads(some).await?;
        }
        Ok(())
    }

    async fn delete_payloads(&self, deliveries: &[Delivery]) -> Result<(), Error> {
        let mut writes = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let key = keys::payload(delivery);
            let gone = DeleteRequest::builder().set_key(Some(key)).build()?;
            writes.push(WriteRequest::builder().delete_request(gone).build());
        }
        let mut rest = HashMap::from([(self.tables.posts.clone(), writes)]);
        for _ in 0..OFFERS {
            if rest.is_empty() {
                return Ok(());
            }
            let answer =
                self.client.batch_write_item().set_request_items(Some(rest)).send().await?;
            rest = answer.unprocessed_items.unwrap_or_default();
        }
        if rest.is_empty() { Ok(()) } else { Err(Error::Unavailable(Cause::Unprocessed)) }
    }
}
