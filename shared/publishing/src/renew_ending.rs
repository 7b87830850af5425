//! Long-lived tokens of accounts that lie idle: renewed before they end, or their owners told in time.

use data::Error;
use futures::{StreamExt, stream};
use posts::{Account, AccountId, AccountStatus, Credentials, Notification, Timestamp, limits};

use crate::credentials::{Opened, Renewal};
use crate::{Announcer, PublishTo, Publishing};

/// Accounts that are looked at at once. Ours: token endpoints are slow, and shared by all.
const AT_ONCE: usize = 4;

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Renews what ends within ten days. Trouble is logged, and left to the next run.
    pub(crate) async fn renew_ending(&self, now: Timestamp) {
        let ids = match self.data.accounts_ending(now.plus(limits::SWEEP_AHEAD)).await {
            Ok(ids) => ids,
            Err(cause) => {
                tracing::error!(?cause, "tokens that end soon cannot be read");
                return;
            }
        };
        let looks = ids.into_iter().map(|id| self.renew_one(id, now));
        stream::iter(looks).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }

    async fn renew_one(&self, id: AccountId, now: Timestamp) {
        match self.try_renew(&id, now).await {
            // A person is connecting or disconnecting it right now.
            Ok(()) | Err(Error::Conflict | Error::NotFound) => {}
            Err(cause) => {
                tracing::error!(account = %id, ?cause, "tokens that end soon are left for the next run");
            }
        }
    }

    async fn try_renew(&self, id: &AccountId, now: Timestamp) -> Result<(), Error> {
        let account = self.data.get_account(id).await?;
        if account.status == AccountStatus::NeedsReauth {
            return Ok(());
        }
        let Opened::Open(open) = self.open(&account).await? else { return Ok(()) };
        if !open.credentials.should_sweep(now) {
            return Ok(());
        }
        let reason = match self.renew(&account, &open, now).await? {
            Renewal::Renewed(_) => return Ok(()),
            Renewal::Revoked(reason) => reason,
            Renewal::NotNow => "Its access has ended.".to_owned(),
        };
        self.tell_ending(&account, &open.credentials, &reason, now).await
    }

    /// Tells that access ends, or, when it has, that a person must connect the account again.
    async fn tell_ending(
        &self,
        account: &Account,
        credentials: &Credentials,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(ends_at) = credentials.ends_unused() else { return Ok(()) };
        if ends_at <= now {
            return self.shut(account, reason, now).await.map(drop);
        }
        if let Some(note) = Notification::of_ending(account, ends_at, now) {
            self.notify(note).await;
        }
        Ok(())
    }
}
