//! Accounts. The credentials are an item of their own, which neither list nor get reads.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Delete, KeysAndAttributes, Put, TransactWriteItem};
use posts::{Account, AccountId, GateScope, Timestamp, WorkspaceId};

use crate::credentials::{Sealed, Stored, stored};
use crate::error::{Cause, of_transaction};
use crate::gates::until;
use crate::item::{Item, number, read, text, text_of, write};
use crate::{Data, Error, keys};

/// How often keys that the service puts off are asked for again.
const OFFERS: usize = 8;

/// All that a worker must know of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The account.
    pub account: Account,
    /// Its credentials.
    pub credentials: Stored,
    /// Until when a limit keeps calls for it waiting, if one does.
    pub closed_until: Option<Timestamp>,
}

impl Data {
    /// Stores a new account with its sealed credentials, the first ones. Storing it twice is fine.
    pub async fn create_account(&self, account: &Account, sealed: &Sealed) -> Result<(), Error> {
        let state = account_item(account)?;
        let hidden = keys::credentials_item(&account.id, sealed, 1);
        let mut writes = Vec::with_capacity(2);
        for item in [state, hidden] {
            let put = Put::builder().table_name(&self.tables.accounts).set_item(Some(item));
            let put = put.condition_expression("attribute_not_exists(pk)").build()?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        match request.send().await.map_err(of_transaction) {
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reads an account. Fails with `NotFound`.
    pub async fn get_account(&self, id: &AccountId) -> Result<Account, Error> {
        let get = self.client.get_item().table_name(&self.tables.accounts).consistent_read(true);
        let found = get.set_key(Some(keys::account(id, "state"))).send().await?;
        read(&found.item.ok_or(Error::NotFound)?)
    }

    /// Stores `after` in the place of `before`. Fails with `Conflict` if `before` is not what is stored.
    pub async fn replace_account(&self, before: &Account, after: &Account) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.tables.accounts);
        let put = put.set_item(Some(account_item(after)?));
        // Accounts that were stored before they had a version are at the first one.
        let old = if before.version == 1 { " OR attribute_not_exists(#version)" } else { "" };
        let same = format!("attribute_exists(pk) AND ({}{old})", keys::SAME_VERSION);
        let put = put.condition_expression(same).expression_attribute_names("#version", "version");
        put.expression_attribute_values(":before", number(before.version)).send().await?;
        Ok(())
    }

    /// Reads all that a worker must know of an account, in one go. Fails with `NotFound`. The gate of the app is part of
    /// it; `platform` names it.
    pub async fn open_account(&self, id: &AccountId, platform: &str) -> Result<Known, Error> {
        let scopes = [GateScope::Account, GateScope::App];
        let mut wanted = vec![keys::account(id, "state"), keys::account(id, "secret")];
        wanted.extend(scopes.map(|scope| keys::gate(id, platform, scope)));
        let wanted =
            KeysAndAttributes::builder().consistent_read(true).set_keys(Some(wanted)).build()?;
        let mut rest = HashMap::from([(self.tables.accounts.clone(), wanted)]);
        let (mut account, mut credentials, mut closed_until) = (None, None, None);
        for _ in 0..OFFERS {
            let answer = self.client.batch_get_item().set_request_items(Some(rest)).send().await?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                match text_of(&item, "sk") {
                    "state" => account = Some(read(&item)?),
                    "secret" => credentials = Some(stored(&item)),
                    _ => closed_until = closed_until.max(until(&item)),
                }
            }
            rest = answer.unprocessed_keys.unwrap_or_default();
            if rest.is_empty() {
                let (account, credentials) = account.zip(credentials).ok_or(Error::NotFound)?;
                return Ok(Known { account, credentials, closed_until });
            }
        }
        Err(Error::Unavailable(Cause::Unprocessed))
    }

    /// Reads those of `ids` that exist, in no order. At most 100, and none twice: the service's rules.
    pub async fn get_accounts(&self, ids: &[AccountId]) -> Result<Vec<Account>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = ids.iter().map(|id| keys::account(id, "state")).collect();
        let wanted =
            KeysAndAttributes::builder().consistent_read(true).set_keys(Some(wanted)).build()?;
        let mut rest = HashMap::from([(self.tables.accounts.clone(), wanted)]);
        let mut accounts = Vec::with_capacity(ids.len());
        for _ in 0..OFFERS {
            let answer = self.client.batch_get_item().set_request_items(Some(rest)).send().await?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                accounts.push(read(&item)?);
            }
            rest = answer.unprocessed_keys.unwrap_or_default();
            if rest.is_empty() {
                return Ok(accounts);
            }
        }
        Err(Error::Unavailable(Cause::Unprocessed))
    }

    /// Lists the accounts of a workspace, the oldest first.
    pub async fn list_accounts(&self, workspace: &WorkspaceId) -> Result<Vec<Account>, Error> {
        let query =
            self.client.query().table_name(&self.tables.accounts).index_name(keys::LIST_INDEX);
        let query = query.key_condition_expression("list_pk = :workspace");
        let query = query.expression_attribute_values(":workspace", text(workspace.as_str()));
        let mut pages = query.into_paginator().send();
        let mut accounts = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page?.items.unwrap_or_default() {
                accounts.push(read(&item)?);
            }
        }
        Ok(accounts)
    }

    /// Deletes an account with its secret. Fails with `Conflict` if it is gone already.
    pub async fn delete_account(&self, id: &AccountId) -> Result<(), Error> {
        let table = &self.tables.accounts;
        let state = Delete::builder().table_name(table).set_key(Some(keys::account(id, "state")));
        let state = state.condition_expression("attribute_exists(pk)").build()?;
        let secret = Delete::builder()
            .table_name(table)
            .set_key(Some(keys::account(id, "secret")))
            .build()?;
        let writes = [state, secret].map(|gone| TransactWriteItem::builder().delete(gone).build());
        let request = self.client.transact_write_items().set_transact_items(Some(writes.into()));
        request.send().await.map(drop).map_err(of_transaction)
    }
}

/// An account as a whole item, with its place in its workspace's list.
fn account_item(account: &Account) -> Result<Item, Error> {
    let mut item = write(account)?;
    item.extend(keys::account(&account.id, "state"));
    item.extend(keys::listed(
        &account.workspace_id,
        &keys::timed(account.created_at, account.id.as_str()),
    ));
    Ok(item)
}
