//! An account connected again, with new credentials.

use posts::{Account, AccountId, Caller, Credentials, NewAccount, Reconnect, Timestamp, news};

use crate::edit_post::TRIES;
use crate::{Announcer, PublishTo, Publishing, Refusal};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Replaces an account's credentials. What waited for that is published, unless it is too late.
    /// Refuses credentials that open another account of the platform.
    pub async fn reconnect_account(
        &self,
        caller: &Caller,
        id: &AccountId,
        reconnect: Reconnect,
        now: Timestamp,
    ) -> Result<Account, Refusal> {
        let account = self.get_account(caller, id).await?;
        let new = NewAccount {
            workspace_id: Some(account.workspace_id.clone()),
            platform: account.platform.clone(),
            name: account.name.clone(),
            url: account.url.clone(),
            remote_id: account.remote_id.clone(),
            secret: reconnect.secret,
        };
        let errors = self.platforms.check(&new);
        if !errors.is_empty() {
            return Err(Refusal::Invalid(errors));
        }
        let granted = self.platforms.sign_in(&new, now).await.map_err(Refusal::Invalid)?;
        self.reopen_account(account, &granted.remote_id, &granted.credentials, now).await
    }

    /// Stores new credentials first, then that the account works: a stop in between leaves an account that is
    /// shut, which a person connects again.
    pub(crate) async fn reopen_account(
        &self,
        account: Account,
        remote_id: &str,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<Account, Refusal> {
        account.reconnected(remote_id)?;
        for _ in 0..TRIES {
            let before = self.data.get_credentials(&account.id).await?.token_ver;
            let sealed = self.seal(&account, before + 1, credentials).await?;
            match self.data.replace_credentials(&account.id, before, &sealed, None).await {
                Ok(()) => return self.open_again(account, remote_id, now).await,
                Err(data::Error::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(data::Error::Conflict.into())
    }

    async fn open_again(
        &self,
        account: Account,
        remote_id: &str,
        now: Timestamp,
    ) -> Result<Account, Refusal> {
        let known = self.ask_limits(&account, now).await;
        for _ in 0..TRIES {
            let before = self.data.get_account(&account.id).await?;
            let again = before.reconnected(remote_id)?;
            let after = Account { limits: known.clone().or(again.limits), ..again };
            match self.data.replace_account(&before, &after).await {
                Ok(()) => {
                    let reason = "It was connected again.";
                    self.announce([news::account_status_changed(&after, reason, now)]).await;
                    self.requeue(&after.id, now).await?;
                    return Ok(after);
                }
                Err(data::Error::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(data::Error::Conflict.into())
    }
}
