//! One worker at a time for an account.

use posts::{AccountId, Settings, Timestamp, Worker, limits};

use crate::item::{number, text};
use crate::{Data, Error, keys};

impl Data {
    /// Takes or renews the lease of an account for `me` until `now` plus [`limits::LEASE`]. Fails with `Conflict`
    /// while another worker holds it. In a process that is alone, leases of other processes are void.
    pub async fn lease_account(
        &self,
        id: &AccountId,
        me: &Worker,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<(), Error> {
        let until = now.plus(limits::LEASE);
        let mut item = keys::account(id, "lease");
        item.insert("process".to_owned(), text(&me.process));
        item.insert("run".to_owned(), text(&me.run));
        item.insert("lease_until".to_owned(), number(until.ms()));
        item.insert("expires_at".to_owned(), number(until.seconds()));
        let mine = "attribute_not_exists(pk) OR lease_until < :now OR (#process = :process AND #run = :run)";
        let void = if settings.alone { " OR #process <> :process" } else { "" };
        let put = self.client.put_item().table_name(&self.tables.accounts).set_item(Some(item));
        let put = put.condition_expression(format!("{mine}{void}"));
        let put = put
            .expression_attribute_names("#process", "process")
            .expression_attribute_names("#run", "run");
        let put = put.expression_attribute_values(":process", text(&me.process));
        let put = put.expression_attribute_values(":run", text(&me.run));
        put.expression_attribute_values(":now", number(now.minus(limits::LEASE_SLACK).ms()))
            .send()
            .await?;
        Ok(())
    }

    /// Gives the lease back. One that went to another worker meanwhile stays theirs.
    pub async fn release_account(&self, id: &AccountId, me: &Worker) -> Result<(), Error> {
        let delete = self.client.delete_item().table_name(&self.tables.accounts);
        let delete = delete.set_key(Some(keys::account(id, "lease")));
        let delete = delete.condition_expression("#process = :process AND #run = :run");
        let delete = delete
            .expression_attribute_names("#process", "process")
            .expression_attribute_names("#run", "run");
        let delete = delete.expression_attribute_values(":process", text(&me.process));
        match delete
            .expression_attribute_values(":run", text(&me.run))
            .send()
            .await
            .map_err(Error::from)
        {
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
