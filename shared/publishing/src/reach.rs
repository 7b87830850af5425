//! Whether an account can be published to, and with what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use data::Error;
use posts::{Account, AccountId, Credentials, Notification, Secret, Timestamp, limits, news};

use crate::credentials::{Open, Opened, Renewal};
use crate::tick::Run;
use crate::{Announcer, PublishTo, Publishing};

/// Tokens this young that are refused are not renewed: the account itself is the trouble. Ours.
const YOUNG_S: u64 = 60;

/// How long an account that was read is believed to be as it was, in a process that is alone: its own changes are
/// forgotten at once, and nobody else makes any.
pub(crate) const BELIEVED: Duration = Duration::from_secs(30);
/// Most accounts of which that is kept. Ours.
const MOST_KEPT: usize = 4_096;

/// Accounts that were opened a moment ago.
#[derive(Default)]
pub(crate) struct Reached(Mutex<HashMap<AccountId, (Instant, Arc<Connected>)>>);

impl Reached {
    fn recent(&self, id: &AccountId) -> Option<Arc<Connected>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, account) = kept.get(id)?;
        (since.elapsed() < BELIEVED).then(|| Arc::clone(account))
    }

    fn keep(&self, account: &Arc<Connected>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(account.account.id.clone(), (Instant::now(), Arc::clone(account)));
    }

    /// What was read of an account is read anew.
    pub(crate) fn forget(&self, id: &AccountId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

impl std::fmt::Debug for Reached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reached(..)")
    }
}

/// An account that is still connected, with what opens it.
pub(crate) struct Connected {
    pub(crate) account: Account,
    pub(crate) secret: Secret,
    open: Open,
}

/// How far an account can be reached.
pub(crate) enum Reach {
    /// It can be published to.
    Open(Arc<Connected>),
    /// A person must connect it again: its deliveries wait.
    Shut,
    /// It was disconnected.
    Gone,
}

impl Reach {
    fn open(account: Account, open: Open) -> Self {
        let secret = open.credentials.secret().clone();
        Self::Open(Arc::new(Connected { account, secret, open }))
    }
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Reads an account and opens its credentials, renewed if they are about to end. Fails with `Conflict` if they
    /// cannot be renewed right now: the work stays for a later run.
    pub(crate) async fn reach(
        &self,
        id: &AccountId,
        platform: &str,
        now: Timestamp,
    ) -> Result<Reach, Error> {
        if !self.settings.alone {
            return self.reach_anew(id, platform, now).await;
        }
        if let Some(kept) = self.reached.recent(id)
            && !kept.open.credentials.should_refresh(now)
        {
            return Ok(Reach::Open(kept));
        }
        let reach = self.reach_anew(id, platform, now).await?;
        if let Reach::Open(to) = &reach {
            self.reached.keep(to);
        }
        Ok(reach)
    }

    async fn reach_anew(
        &self,
        id: &AccountId,
        platform: &str,
        now: Timestamp,
    ) -> Result<Reach, Error> {
        let known = match self.data.open_account(id, platform).await {
            Ok(known) => known,
            Err(Error::NotFound) => return Ok(Reach::Gone),
            Err(error) => return Err(error),
        };
        self.gates.keep(id, known.closed_until);
        let account = self.with_limits(known.account, now).await;
        if account.status == posts::AccountStatus::NeedsReauth {
            return Ok(Reach::Shut);
        }
        let open = match self.open_stored(&account, known.credentials).await {
            Ok(Opened::Open(open)) => open,
            Ok(Opened::Lost) => {
                return self.shut(&account, "Its credentials cannot be read.", now).await;
            }
            Err(error) => return Err(error),
        };
        if !open.credentials.should_refresh(now) {
            return Ok(Reach::open(account, open));
        }
        match self.renew(&account, &open, now).await? {
            Renewal::Renewed(new) => Ok(Reach::open(account, new)),
            Renewal::Revoked(reason) if ended(&open.credentials, now) => {
                self.shut(&account, &reason, now).await
            }
            Renewal::NotNow if ended(&open.credentials, now) => Err(Error::Conflict),
            // The old ones still work; the platform says so when they do not.
            Renewal::Revoked(_) | Renewal::NotNow => Ok(Reach::open(account, open)),
        }
    }

    /// What follows when the platform refused an account's credentials: they are renewed once, and what waited
    /// goes on; or a person must connect the account again.
    pub(crate) async fn refused(&self, to: &Connected, run: &Run) -> Result<Reach, Error> {
        let now = run.clock.now();
        self.reached.forget(&to.account.id);
        let young = match &to.open.credentials {
            Credentials::Key { .. } => true,
            Credentials::Tokens { issued_at, .. } => now.since(*issued_at).as_secs() < YOUNG_S,
        };
        let refuses = "The platform refuses the account's credentials.";
        if young {
            return self.shut(&to.account, refuses, now).await;
        }
        match self.renew(&to.account, &to.open, now).await? {
            Renewal::Renewed(new) => {
                self.requeue(&to.account.id, now).await?;
                Ok(Reach::open(to.account.clone(), new))
            }
            Renewal::Revoked(reason) => self.shut(&to.account, &reason, now).await,
            Renewal::NotNow => {
                self.requeue(&to.account.id, now).await?;
                Err(Error::Conflict)
            }
        }
    }

    /// Marks an account as one that must be connected again, and tells so once.
    pub(crate) async fn shut(
        &self,
        account: &Account,
        reason: &str,
        now: Timestamp,
    ) -> Result<Reach, Error> {
        self.reached.forget(&account.id);
        if let Some(after) = account.needs_reauth() {
            self.data.replace_account(account, &after).await?;
            self.announce([news::account_status_changed(&after, reason, now)]).await;
            self.notify(Notification::of_account(&after, reason, now)).await;
        }
        Ok(Reach::Shut)
    }

    /// Queues what waits for an account again. The tick publishes it, or ends it if it is too late.
    pub(crate) async fn requeue(&self, id: &AccountId, now: Timestamp) -> Result<(), Error> {
        let until = now.plus(limits::LATE_AT_MOST);
        for (post, delivery) in self.data.pending_of_account(id, until).await? {
            let (post, all) = match self.data.get_post(&post).await {
                Ok(found) => found,
                Err(Error::NotFound) => continue,
                Err(error) => return Err(error),
            };
            let waiting = all.iter().find(|d| d.id == delivery);
            let Some((before, after)) = waiting.and_then(|d| Some((d, d.reconnected(now)?))) else {
                continue;
            };
            match self.data.replace_delivery(before, &after).await {
                Ok(()) => self.tell(&post, before, &after, &all, now).await,
                // A worker ended it in the same moment.
                Err(Error::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn ended(credentials: &Credentials, now: Timestamp) -> bool {
    matches!(credentials, Credentials::Tokens { expires_at: Some(end), .. } if *end <= now)
}
