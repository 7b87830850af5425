//! A post that goes on after it was over, with the deliveries that a person decided about.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use posts::{Post, Reopened, Timestamp, UserId};

use crate::error::of_transaction;
use crate::item::{Item, number, text};
use crate::{Data, Error, keys};

/// Who decided what, kept beside the post.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a> {
    /// Who.
    pub by: &'a UserId,
    /// What, such as `send_again`.
    pub action: &'static str,
    /// When.
    pub at: Timestamp,
}

impl Data {
    /// Stores the post, its changed and new deliveries and the record of it together. Fails with `Conflict` if
    /// anything is not what was read. At most 52 items: a transaction takes 100.
    pub async fn reopen_post(
        &self,
        before: &Post,
        after: &Reopened,
        audit: Audit<'_>,
    ) -> Result<(), Error> {
        let mut writes = vec![
            self.versioned(keys::post_item(&after.post)?, before.version)?,
            self.new_item(keys::audit_item(&after.post, audit))?,
        ];
        for (before, after) in &after.changed {
            writes.push(self.versioned(keys::delivery_item(after)?, before.version)?);
        }
        for delivery in &after.added {
            writes.push(self.new_item(keys::delivery_item(delivery)?)?);
        }
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        request.send().await.map(drop).map_err(of_transaction)
    }

    fn versioned(&self, item: Item, before: u64) -> Result<TransactWriteItem, Error> {
        let put = Put::builder().table_name(&self.tables.posts).set_item(Some(item));
        let put = put
            .condition_expression(keys::SAME_VERSION)
            .expression_attribute_names("#version", "version");
        let put = put.expression_attribute_values(":before", number(before)).build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn new_item(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder().table_name(&self.tables.posts).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)").build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

impl Audit<'_> {
    /// Its attributes.
    pub(crate) fn fields(&self) -> Item {
        [
            ("actor".to_owned(), text(self.by.as_str())),
            ("action".to_owned(), text(self.action)),
            ("at".to_owned(), number(self.at.ms())),
        ]
        .into()
    }
}
