//! Which delivery a platform's post belongs to, where only reading it back can tell.

use posts::{AccountId, DeliveryId};

use crate::item::text;
use crate::{Data, Error, keys};

impl Data {
    /// Says whether the account's post `remote` belongs to `delivery`: it does if it belonged to none before.
    pub async fn own_remote(
        &self,
        account: &AccountId,
        remote: &str,
        delivery: &DeliveryId,
    ) -> Result<bool, Error> {
        let mut item = keys::remote(account, remote);
        item.insert("delivery_id".to_owned(), text(delivery.as_str()));
        let put = self.client.put_item().table_name(&self.tables.accounts).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk) OR delivery_id = :me");
        let put = put.expression_attribute_values(":me", text(delivery.as_str()));
        match put.send().await.map_err(Error::from) {
            Ok(_) => Ok(true),
            Err(Error::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
