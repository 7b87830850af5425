//! Limits of platforms that are reached: until when an account, or every account of an app, must wait.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use posts::{AccountId, GateScope, Timestamp};

use crate::item::{Item, number};
use crate::{Data, Error, keys};

impl Data {
    /// Closes a gate until `until`, unless it is closed for longer.
    pub async fn close_gate(
        &self,
        account: &AccountId,
        platform: &str,
        scope: GateScope,
        until: Timestamp,
    ) -> Result<(), Error> {
        let mut item = keys::gate(account, platform, scope);
        item.insert("gate_until".to_owned(), number(until.ms()));
        item.insert("expires_at".to_owned(), number(until.seconds() + 1));
        let put = self.client.put_item().table_name(&self.tables.accounts).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk) OR gate_until < :until");
        let put = put.expression_attribute_values(":until", number(until.ms()));
        match put.send().await.map_err(Error::from) {
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Until when calls for an account must wait, by its own gate or that of its platform's app.
    pub async fn gate(
        &self,
        account: &AccountId,
        platform: &str,
    ) -> Result<Option<Timestamp>, Error> {
        let scopes = [GateScope::Account, GateScope::App];
        let wanted = scopes.map(|scope| keys::gate(account, platform, scope)).to_vec();
        let wanted = KeysAndAttributes::builder().set_keys(Some(wanted)).build()?;
        let wanted = HashMap::from([(self.tables.accounts.clone(), wanted)]);
        let answer = self.client.batch_get_item().set_request_items(Some(wanted)).send().await?;
        let items = answer.responses.unwrap_or_default().into_values().flatten();
        Ok(items.filter_map(|item| until(&item)).max())
    }
}

/// Until when a gate is closed.
pub(crate) fn until(item: &Item) -> Option<Timestamp> {
    item.get("gate_until")?.as_n().ok()?.parse().ok().map(Timestamp::from_ms)
}
