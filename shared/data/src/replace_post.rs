//! The next version of a post: edited, cancelled, missed or rolled up.

use posts::Post;

use crate::item::number;
use crate::{Data, Error, keys};

impl Data {
    /// Stores `after` in the place of `before`. Fails with `Conflict` if `before` is not what is stored.
    pub async fn replace_post(&self, before: &Post, after: &Post) -> Result<(), Error> {
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.posts)
            .set_item(Some(keys::post_item(after)?));
        let put = put
            .condition_expression(keys::SAME_VERSION)
            .expression_attribute_names("#version", "version");
        put.expression_attribute_values(":before", number(before.version)).send().await?;
        Ok(())
    }
}
