//! What is remembered while people are at platforms to grant access. All of it is sealed.

use aws_sdk_dynamodb::types::ReturnValue;
use posts::Timestamp;

use crate::item::{Item, number, text, text_of};
use crate::{Data, Error, keys};

impl Data {
    /// Remembers a request for access under the hash of its state, until a time after which the table drops it.
    pub async fn put_pending(
        &self,
        hash: &str,
        sealed: &str,
        until: Timestamp,
    ) -> Result<(), Error> {
        let mut item = keys::pending(hash);
        item.insert("sealed".to_owned(), text(sealed));
        item.insert("expires_at".to_owned(), number(until.seconds()));
        self.put_new(item).await
    }

    /// Takes a request for access: whoever comes second finds none. Fails with `NotFound`.
    pub async fn take_pending(&self, hash: &str) -> Result<String, Error> {
        let delete = self.client.delete_item().table_name(&self.tables.accounts);
        let delete = delete.set_key(Some(keys::pending(hash))).return_values(ReturnValue::AllOld);
        let found = delete.send().await?.attributes.ok_or(Error::NotFound)?;
        Ok(text_of(&found, "sealed").to_owned())
    }

    /// What registering with an instance of a platform gave, if anybody did, by the hash of both.
    pub async fn registration(&self, hash: &str) -> Result<Option<String>, Error> {
        let get = self.client.get_item().table_name(&self.tables.accounts).consistent_read(true);
        let found = get.set_key(Some(keys::registration(hash))).send().await?;
        Ok(found.item.map(|item| text_of(&item, "sealed").to_owned()))
    }

    /// Keeps what registering gave. Fails with `Conflict` if another worker was faster.
    pub async fn put_registration(&self, hash: &str, sealed: &str) -> Result<(), Error> {
        let mut item = keys::registration(hash);
        item.insert("sealed".to_owned(), text(sealed));
        self.put_new(item).await
    }

    async fn put_new(&self, item: Item) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.tables.accounts).set_item(Some(item));
        put.condition_expression("attribute_not_exists(pk)").send().await?;
        Ok(())
    }
}
