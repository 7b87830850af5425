//! What the servers of accounts take: asked when an account is connected, again at a bounded age, kept with the account.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use data::Error;
use futures::{FutureExt, StreamExt, stream};
use posts::{Account, KnownLimits, LimitsRead, Post, ServerLimits, Timestamp, limits};
use tokio::time::timeout;

use crate::{Announcer, PublishTo, Publishing, Refusal};

/// How long a server may take to say what it takes: a person waits for it, or a post that is due. Ours.
const PATIENCE: Duration = Duration::from_secs(3);
/// Servers that one request asks at once: as many as a post has accounts at most.
const AT_ONCE: usize = limits::ACCOUNTS;

/// Accounts, with what their servers take.
pub(crate) struct Servers(Vec<Account>);

impl Servers {
    /// The places that a post goes to, each once: a platform, and what the account's server takes if servers differ.
    pub(crate) fn places<'a>(&'a self, post: &'a Post) -> Vec<(&'a str, Option<&'a ServerLimits>)> {
        let mut places = Vec::new();
        for target in &post.accounts {
            let account = self.0.iter().find(|it| it.id == target.account_id);
            let place = (target.platform.as_str(), account.and_then(Account::server_limits));
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// What the servers of accounts take. One that does not answer keeps nobody from writing a post.
    pub(crate) async fn servers(&self, accounts: Vec<Account>, now: Timestamp) -> Servers {
        let asked = stream::iter(accounts).map(|it| self.with_limits(it, now));
        Servers(asked.buffer_unordered(AT_ONCE).collect().await)
    }

    /// The same for the accounts of a post.
    pub(crate) async fn servers_of(&self, post: &Post, now: Timestamp) -> Result<Servers, Refusal> {
        let ids: Vec<_> = post.accounts.iter().map(|target| target.account_id.clone()).collect();
        Ok(self.servers(self.known(&ids).await?, now).await)
    }

    /// A new account, with what its server takes.
    pub(crate) async fn first_limits(&self, account: Account, now: Timestamp) -> Account {
        Account { limits: self.ask_limits(&account, now).await, ..account }
    }

    /// The account, its server asked again if that was long ago. Trouble is logged: it must not keep a post back.
    pub(crate) async fn with_limits(&self, account: Account, now: Timestamp) -> Account {
        if !account.should_ask_limits(now) {
            return account;
        }
        let Some(known) = self.ask_limits(&account, now).await else { return account };
        let after = account.knowing(known);
        match self.data.replace_account(&account, &after).await {
            Ok(()) => {
                self.reached.forget(&account.id);
                after
            }
            // It changed meanwhile. What was read is true all the same, and is stored the next time.
            Err(Error::Conflict | Error::NotFound) => Account { limits: after.limits, ..account },
            Err(cause) => {
                tracing::warn!(account = %account.id, ?cause, "what a server takes is not stored");
                Account { limits: after.limits, ..account }
            }
        }
    }

    /// What is known after asking an account's server; nothing where servers do not differ.
    pub(crate) async fn ask_limits(
        &self,
        account: &Account,
        now: Timestamp,
    ) -> Option<KnownLimits> {
        let call = AssertUnwindSafe(self.platforms.server_limits(account, now)).catch_unwind();
        let read = match timeout(PATIENCE, call).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) | Err(_) => LimitsRead::Unreadable,
        };
        if read == LimitsRead::Unreadable {
            tracing::info!(account = %account.id, "a server does not say what it takes");
        }
        account.limits_after(read, now)
    }
}
