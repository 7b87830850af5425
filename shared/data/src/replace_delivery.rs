//! The next version of a delivery: claimed, released or settled.

use posts::Delivery;

use crate::item::number;
use crate::{Data, Error, keys};

impl Data {
    /// Stores `after` in the place of `before`. Fails with `Conflict` if `before` is not what is stored: the
    /// version fences off a worker whose lease went to another.
    pub async fn replace_delivery(&self, before: &Delivery, after: &Delivery) -> Result<(), Error> {
        let item = keys::delivery_item(after)?;
        let put = self.client.put_item().table_name(&self.tables.posts).set_item(Some(item));
        let put = put
            .condition_expression(keys::SAME_VERSION)
            .expression_attribute_names("#version", "version");
        put.expression_attribute_values(":before", number(before.version)).send().await?;
        Ok(())
    }
}
