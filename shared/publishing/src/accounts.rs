//! Accounts: connect, list, disconnect.

use posts::{
    Account, AccountId, AccountStatus, Caller, NewAccount, Timestamp, WorkspaceId, check_account,
    news,
};

use crate::reach::Reach;
use crate::{Announcer, PublishTo, Publishing, Refusal, numbers};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Connects an account to a workspace of the caller.
    pub async fn connect_account(
        &self,
        caller: &Caller,
        new: NewAccount,
        now: Timestamp,
    ) -> Result<Account, Refusal> {
        let mut errors = check_account(&new);
        errors.extend(self.platforms.check(&new));
        let workspace_id = match caller.workspace(new.workspace_id.as_ref()) {
            Ok(workspace) if errors.is_empty() => workspace,
            Ok(_) => return Err(Refusal::Invalid(errors)),
            Err(error) => {
                return Err(Refusal::Invalid([error].into_iter().chain(errors).collect()));
            }
        };
        let granted = self.platforms.sign_in(&new, now).await.map_err(Refusal::Invalid)?;
        let account = Account {
            id: AccountId::from_number(numbers::unique(now)),
            workspace_id,
            platform: new.platform,
            name: new.name.trim().to_owned(),
            url: granted.url,
            remote_id: granted.remote_id,
            created_by: caller.user_id.clone(),
            created_at: now,
            status: AccountStatus::Connected,
            limits: None,
            version: 1,
        };
        let account = self.first_limits(account, now).await;
        let sealed = self.seal(&account, 1, &granted.credentials).await?;
        self.data.create_account(&account, &sealed).await?;
        self.announce([news::account_connected(&account)]).await;
        Ok(account)
    }

    /// Whether an account can be published to at `now`; its tokens are renewed if they are about to end.
    pub async fn credentials_ready(&self, id: &AccountId, now: Timestamp) -> bool {
        let Ok(account) = self.data.get_account(id).await else { return false };
        matches!(self.reach(id, &account.platform, now).await, Ok(Reach::Open(_)))
    }

    /// Reads an account. One of another workspace is not found.
    pub async fn get_account(&self, caller: &Caller, id: &AccountId) -> Result<Account, Refusal> {
        let account = self.data.get_account(id).await?;
        if caller.may_enter(&account.workspace_id) { Ok(account) } else { Err(Refusal::NotFound) }
    }

    /// Lists the accounts of a workspace of the caller, the oldest first.
    pub async fn list_accounts(
        &self,
        caller: &Caller,
        workspace: Option<&WorkspaceId>,
    ) -> Result<Vec<Account>, Refusal> {
        if workspace.is_some_and(|named| !caller.may_enter(named)) {
            return Err(Refusal::NotFound);
        }
        let workspace =
            caller.workspace(workspace).map_err(|error| Refusal::Invalid(vec![error]))?;
        Ok(self.data.list_accounts(&workspace).await?)
    }

    /// Disconnects an account. Posts that still name it fail there when they fall due.
    pub async fn disconnect_account(
        &self,
        caller: &Caller,
        id: &AccountId,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let account = self.get_account(caller, id).await?;
        let deleted = self.data.delete_account(id).await;
        self.reached.forget(id);
        match deleted {
            Ok(()) => {}
            Err(data::Error::Conflict) => return Err(Refusal::NotFound),
            Err(error) => return Err(error.into()),
        }
        self.announce([news::account_disconnected(&account, &caller.user_id, now)]).await;
        Ok(())
    }
}
