//! One post with its deliveries.

use posts::{Delivery, DeliveryId, Post, PostId};

use crate::item::{read, text, text_of};
use crate::{Data, Error, keys};

impl Data {
    /// Reads a post with its deliveries, as they are now. Fails with `NotFound`.
    pub async fn get_post(&self, id: &PostId) -> Result<(Post, Vec<Delivery>), Error> {
        let query = self.client.query().table_name(&self.tables.posts).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :state)");
        let query = query.expression_attribute_values(":pk", text(keys::post_partition(id)));
        // One page: a post and 50 deliveries are far below the page's 1 MB.
        let page = query.expression_attribute_values(":state", text(keys::STATE)).send().await?;
        let (mut post, mut deliveries) = (None, Vec::new());
        for item in page.items.unwrap_or_default() {
            match keys::delivery_of(text_of(&item, "sk")) {
                Some(_) => deliveries.push(read(&item)?),
                None => post = Some(read(&item)?),
            }
        }
        Ok((post.ok_or(Error::NotFound)?, deliveries))
    }

    /// Reads one delivery, as it is now. Fails with `NotFound`.
    pub async fn get_delivery(&self, post: &PostId, id: &DeliveryId) -> Result<Delivery, Error> {
        let get = self.client.get_item().table_name(&self.tables.posts).consistent_read(true);
        let found = get.set_key(Some(keys::delivery(post, id))).send().await?;
        read(&found.item.ok_or(Error::NotFound)?)
    }

    /// Reads the payload that the first attempt froze. Fails with `NotFound` before that.
    pub async fn get_payload(&self, delivery: &Delivery) -> Result<String, Error> {
        let get = self.client.get_item().table_name(&self.tables.posts).consistent_read(true);
        let found = get.set_key(Some(keys::payload(delivery))).send().await?;
        Ok(text_of(&found.item.ok_or(Error::NotFound)?, "payload").to_owned())
    }
}
