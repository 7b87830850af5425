//! One post with its deliveries.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use posts::{Delivery, DeliveryId, Post, PostId};

use crate::error::Cause;
use crate::item::{read, text, text_of};
use crate::{Data, Error, keys};

/// How often what the service put off is asked for again.
const OFFERS: usize = 5;

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

    /// Reads those of the posts that exist, as they are now, without their deliveries and in no order. At most 100,
    /// and none twice: the service's rules.
    pub async fn get_posts(&self, ids: &[PostId]) -> Result<Vec<Post>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = ids.iter().map(keys::post).collect();
        let wanted =
            KeysAndAttributes::builder().consistent_read(true).set_keys(Some(wanted)).build()?;
        let mut rest = HashMap::from([(self.tables.posts.clone(), wanted)]);
        let mut posts = Vec::with_capacity(ids.len());
        for _ in 0..OFFERS {
            let answer = self.client.batch_get_item().set_request_items(Some(rest)).send().await?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                posts.push(read(&item)?);
            }
            rest = answer.unprocessed_keys.unwrap_or_default();
            if rest.is_empty() {
                return Ok(posts);
            }
        }
        Err(Error::Unavailable(Cause::Unprocessed))
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
