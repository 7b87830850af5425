//! The note that an account's deliveries are in somebody's queue: they are not put there again while it lasts.

use posts::{AccountId, Timestamp, limits};

use crate::item::{number, text};
use crate::{Data, Error, keys};

/// The sort key of the note.
const HANDED: &str = "handed";

impl Data {
    /// Notes that `by` hands an account over, until `now` plus [`limits::HANDED`]; noted again by the same one it lasts longer.
    /// Fails with `Conflict` if another one did. It saves messages and keeps nobody from work: that is up to leases.
    pub async fn hand_over(&self, id: &AccountId, by: &str, now: Timestamp) -> Result<(), Error> {
        let until = now.plus(limits::HANDED);
        let mut item = keys::account(id, HANDED);
        item.insert("by".to_owned(), text(by));
        item.insert("until".to_owned(), number(until.ms()));
        item.insert("expires_at".to_owned(), number(until.seconds()));
        let put = self.client.put_item().table_name(&self.tables.accounts).set_item(Some(item));
        let free = "attribute_not_exists(pk) OR #until < :now OR #by = :by";
        let put = put.condition_expression(free);
        let put = put
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#by", "by");
        let put = put.expression_attribute_values(":now", number(now.ms()));
        put.expression_attribute_values(":by", text(by)).send().await?;
        Ok(())
    }

    /// Removes the note: what is due of the account may be handed over again. The note of another one stays.
    pub async fn handed_back(&self, id: &AccountId, by: &str) -> Result<(), Error> {
        let delete = self.client.delete_item().table_name(&self.tables.accounts);
        let delete = delete.set_key(Some(keys::account(id, HANDED)));
        let delete = delete.condition_expression("#by = :by");
        let delete = delete.expression_attribute_names("#by", "by");
        match delete.expression_attribute_values(":by", text(by)).send().await.map_err(Error::from)
        {
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
