//! When the ticker looks at a post next, without a new version of it.

use posts::{Post, Timestamp};

use crate::item::{number, text_of};
use crate::{Data, Error, keys};

impl Data {
    /// Moves a post in the due index, or takes it out. This changes nothing that people see, so the version
    /// stays. Fails with `Conflict` if `post` is not what is stored.
    pub async fn look_again(&self, post: &Post, at: Option<Timestamp>) -> Result<(), Error> {
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.posts)
            .set_key(Some(keys::post(&post.id)));
        let update = update
            .condition_expression(keys::SAME_VERSION)
            .expression_attribute_names("#version", "version");
        let update = update.expression_attribute_values(":before", number(post.version));
        let update = match at {
            None => update.update_expression("REMOVE due_pk, due_sk"),
            Some(at) => {
                let due = keys::due(post.id.as_str(), at);
                let update = update.update_expression("SET due_pk = :pk, due_sk = :sk");
                let update = update
                    .expression_attribute_values(":pk", crate::item::text(text_of(&due, "due_pk")));
                update
                    .expression_attribute_values(":sk", crate::item::text(text_of(&due, "due_sk")))
            }
        };
        update.send().await?;
        Ok(())
    }
}
