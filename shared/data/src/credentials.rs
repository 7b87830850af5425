//! The sealed credentials of accounts, and the right to renew them: one worker at a time, one version after another.

use posts::{AccountId, Secret, Timestamp, Worker, limits};

use crate::item::{Item, number, text, text_of};
use crate::{Data, Error, keys};

/// Credentials as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Counts the credentials of the account, from 1.
    pub token_ver: u64,
    /// The credentials.
    pub kept: Kept,
}

/// How credentials are kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Kept {
    /// Sealed.
    Sealed(String),
    /// As a version before the vault left them: a plain key, to be sealed when it is next read.
    Plain(Secret),
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sealed(_) => "Sealed(..)",
            Self::Plain(_) => "Plain(..)",
        })
    }
}

/// Sealed credentials, to be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The sealed text.
    pub text: String,
    /// When long-lived tokens among them end, in the open: whoever renews them in time must find them.
    pub ends_at: Option<Timestamp>,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(..)")
    }
}

impl From<&str> for Sealed {
    /// Credentials that do not end.
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), ends_at: None }
    }
}

impl Data {
    /// The accounts with long-lived tokens that end before a time, in no order. It reads the whole table, so it is for once
    /// a day.
    pub async fn accounts_ending(&self, before: Timestamp) -> Result<Vec<AccountId>, Error> {
        let scan = self.client.scan().table_name(&self.tables.accounts);
        let scan = scan.filter_expression("sk = :secret AND ends_at < :before");
        let scan = scan.projection_expression("pk");
        let scan = scan.expression_attribute_values(":secret", text("secret"));
        let scan = scan.expression_attribute_values(":before", number(before.ms()));
        let mut pages = scan.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let items = page?.items.unwrap_or_default();
            found.extend(items.iter().filter_map(|item| keys::account_of(text_of(item, "pk"))));
        }
        Ok(found)
    }

    /// Reads an account's credentials, as they are now. Fails with `NotFound`.
    pub async fn get_credentials(&self, id: &AccountId) -> Result<Stored, Error> {
        let get = self.client.get_item().table_name(&self.tables.accounts).consistent_read(true);
        let found = get.set_key(Some(keys::account(id, "secret"))).send().await?;
        let item = found.item.ok_or(Error::NotFound)?;
        Ok(stored(&item))
    }

    /// Stores new credentials as the next version, and ends whatever renewal is under way. Fails with `Conflict`
    /// if `before` is not the version that is stored, or if `renewer` is given and has lost its right to renew.
    pub async fn replace_credentials(
        &self,
        id: &AccountId,
        before: u64,
        sealed: &Sealed,
        renewer: Option<&Worker>,
    ) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.tables.accounts);
        let put = put.set_item(Some(keys::credentials_item(id, sealed, before + 1)));
        let mine = if renewer.is_some() { " AND renew_run = :run" } else { "" };
        let put = put.condition_expression(format!("{}{mine}", same(before)));
        let put = put.expression_attribute_values(":before", number(before));
        let put = match renewer {
            Some(me) => put.expression_attribute_values(":run", text(&me.run)),
            None => put,
        };
        put.send().await?;
        Ok(())
    }

    /// Takes the right to renew the credentials of version `before`, for [`limits::RENEW_LEASE`]. Fails with
    /// `Conflict` while another worker has it, or if they were renewed meanwhile.
    pub async fn lease_renewal(
        &self,
        id: &AccountId,
        before: u64,
        me: &Worker,
        now: Timestamp,
    ) -> Result<(), Error> {
        let update = self.client.update_item().table_name(&self.tables.accounts);
        let update = update.set_key(Some(keys::account(id, "secret")));
        let update = update.update_expression("SET renew_run = :run, renew_until = :until");
        let free = "(attribute_not_exists(renew_until) OR renew_until < :now)";
        let update = update.condition_expression(format!("{} AND {free}", same(before)));
        let update = update.expression_attribute_values(":before", number(before));
        let update = update.expression_attribute_values(":run", text(&me.run));
        let update = update.expression_attribute_values(":now", number(now.ms()));
        let until = now.plus(limits::RENEW_LEASE).ms();
        update.expression_attribute_values(":until", number(until)).send().await?;
        Ok(())
    }

    /// Gives the right to renew back. One that went to another worker meanwhile stays theirs.
    pub async fn release_renewal(&self, id: &AccountId, me: &Worker) -> Result<(), Error> {
        let update = self.client.update_item().table_name(&self.tables.accounts);
        let update = update.set_key(Some(keys::account(id, "secret")));
        let update = update.update_expression("REMOVE renew_run, renew_until");
        let update = update.condition_expression("renew_run = :run");
        let update = update.expression_attribute_values(":run", text(&me.run));
        match update.send().await.map_err(Error::from) {
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Holds a write back unless the credentials are of version `before`. The first ones were stored without it once.
fn same(before: u64) -> String {
    let old = if before == 1 { " OR attribute_not_exists(token_ver)" } else { "" };
    format!("attribute_exists(pk) AND (token_ver = :before{old})")
}

/// Credentials from their item.
pub(crate) fn stored(item: &Item) -> Stored {
    let kept = match text_of(item, "sealed") {
        "" => Kept::Plain(Secret::new(text_of(item, "secret"))),
        sealed => Kept::Sealed(sealed.to_owned()),
    };
    Stored { token_ver: version_of(item), kept }
}

fn version_of(item: &Item) -> u64 {
    let digits = item.get("token_ver").and_then(|value| value.as_n().ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(1)
}
