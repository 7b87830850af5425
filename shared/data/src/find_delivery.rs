//! Deliveries by what people and accounts know of them.

use posts::{AccountId, DeliveryId, PostId, Timestamp};

use crate::item::{text, text_of};
use crate::{Data, Error, keys};

impl Data {
    /// The post of a delivery that a person must decide about. Fails with `NotFound` for any other delivery.
    pub async fn post_of_unconfirmed(&self, id: &DeliveryId) -> Result<PostId, Error> {
        let query = self.client.query().table_name(&self.tables.posts).index_name(keys::LIST_INDEX);
        let query = query.key_condition_expression("list_pk = :delivery");
        let query = query.expression_attribute_values(":delivery", text(keys::unconfirmed(id)));
        let page = query.limit(1).send().await?;
        let item = page.items.and_then(|items| items.into_iter().next()).ok_or(Error::NotFound)?;
        keys::post_of(text_of(&item, "pk")).ok_or(Error::NotFound)
    }

    /// The deliveries of an account that something is still to happen to, up to `until`.
    pub async fn pending_of_account(
        &self,
        account: &AccountId,
        until: Timestamp,
    ) -> Result<Vec<(PostId, DeliveryId)>, Error> {
        let mut found = Vec::new();
        for shard in 0..keys::SHARDS {
            let query =
                self.client.query().table_name(&self.tables.posts).index_name(keys::DUE_INDEX);
            let query = query.key_condition_expression("due_pk = :shard AND due_sk < :after");
            let query = query.filter_expression("account_id = :account");
            let query = query.expression_attribute_values(":shard", text(keys::shard(shard)));
            let query = query.expression_attribute_values(":account", text(account.as_str()));
            let after = text(format!("{:015}", until.ms() + 1));
            let mut pages =
                query.expression_attribute_values(":after", after).into_paginator().send();
            while let Some(page) = pages.next().await {
                for item in page?.items.unwrap_or_default() {
                    let post = keys::post_of(text_of(&item, "pk"));
                    found.extend(post.zip(keys::delivery_of(text_of(&item, "sk"))));
                }
            }
        }
        Ok(found)
    }
}
