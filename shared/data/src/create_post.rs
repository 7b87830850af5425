//! A new post.

use posts::Post;

use crate::{Data, Error, keys};

impl Data {
    /// Stores a new post. Storing it twice is fine: an answer that got lost makes the SDK ask again, and ids
    /// are never used for two posts.
    pub async fn create_post(&self, post: &Post) -> Result<(), Error> {
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.posts)
            .set_item(Some(keys::post_item(post)?));
        match put.condition_expression("attribute_not_exists(pk)").send().await.map_err(Error::from)
        {
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
