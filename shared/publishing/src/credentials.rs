//! The credentials of accounts: sealed, opened, and renewed by one worker at a time.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use data::{Error, Kept, Sealed, Stored};
use futures::FutureExt;
use posts::{Account, Credentials, Refreshed, Secret, Timestamp, Worker};
use tokio::time::{Instant, sleep, timeout};
use vault::VaultError;

use crate::{Announcer, PublishTo, Publishing, numbers};

/// How long a platform may take to renew tokens. Source: the rules for tokens.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a worker waits for another one that renews.
const WAIT: Duration = Duration::from_secs(10);
/// How often it looks meanwhile, stretched by chance to at most four times that.
const LOOK: Duration = Duration::from_millis(500);
/// How often new tokens are offered to a store that does not answer: they are the only copy.
const OFFERS: u32 = 8;
/// The first wait between two offers; each is twice the one before.
const OFFER_WAIT: Duration = Duration::from_millis(50);

/// Credentials that are open.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) token_ver: u64,
    pub(crate) credentials: Credentials,
}

/// What opening credentials comes to.
#[derive(Debug)]
pub(crate) enum Opened {
    Open(Open),
    /// They are damaged, or sealed by a key that is not here: a person must connect the account again.
    Lost,
}

/// What renewing comes to.
#[derive(Debug)]
pub(crate) enum Renewal {
    /// These are to be used; this worker or another one got them.
    Renewed(Open),
    /// Access was taken back, or there is nothing to renew.
    Revoked(String),
    /// Not now: the platform, or the worker that renews, has trouble.
    NotNow,
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Seals credentials as version `token_ver` of an account.
    pub(crate) async fn seal(
        &self,
        account: &Account,
        token_ver: u64,
        credentials: &Credentials,
    ) -> Result<Sealed, Error> {
        // New credentials are on their way.
        self.reached.forget(&account.id);
        let text = serde_json::to_string(credentials)?;
        let place = Credentials::binding(account, token_ver);
        let sealed = self.vault.seal(account.workspace_id.as_str(), &place, &text).await;
        let text = sealed.map_err(|cause| closed(account, &cause))?;
        Ok(Sealed { text, ends_at: credentials.ends_unused() })
    }

    /// Reads and opens an account's credentials. A plain key of an earlier version is sealed on the way.
    pub(crate) async fn open(&self, account: &Account) -> Result<Opened, Error> {
        let stored = self.data.get_credentials(&account.id).await?;
        self.open_stored(account, stored).await
    }

    /// Opens credentials that were read.
    pub(crate) async fn open_stored(
        &self,
        account: &Account,
        stored: Stored,
    ) -> Result<Opened, Error> {
        let token_ver = stored.token_ver;
        let sealed = match stored.kept {
            Kept::Sealed(sealed) => sealed,
            Kept::Plain(key) => return self.seal_plain(account, token_ver, key).await,
        };
        let place = Credentials::binding(account, token_ver);
        let text = match self.vault.open(account.workspace_id.as_str(), &place, &sealed).await {
            Ok(text) => text,
            Err(VaultError::Damaged) => {
                tracing::error!(account = %account.id, "the credentials of an account do not open");
                return Ok(Opened::Lost);
            }
            Err(cause) => return Err(closed(account, &cause)),
        };
        Ok(match serde_json::from_str(&text) {
            Ok(credentials) => Opened::Open(Open { token_ver, credentials }),
            Err(_) => Opened::Lost,
        })
    }

    async fn seal_plain(
        &self,
        account: &Account,
        token_ver: u64,
        key: Secret,
    ) -> Result<Opened, Error> {
        let credentials = Credentials::Key { key };
        let sealed = self.seal(account, token_ver + 1, &credentials).await?;
        match self.data.replace_credentials(&account.id, token_ver, &sealed, None).await {
            Ok(()) => Ok(Opened::Open(Open { token_ver: token_ver + 1, credentials })),
            // Another worker sealed it in the same moment.
            Err(Error::Conflict) => Ok(Opened::Open(Open { token_ver, credentials })),
            Err(error) => Err(error),
        }
    }

    /// Renews an account's tokens, or waits for the worker that does. However many workers ask, the platform is
    /// asked once: a refresh token may work only once.
    pub(crate) async fn renew(
        &self,
        account: &Account,
        old: &Open,
        now: Timestamp,
    ) -> Result<Renewal, Error> {
        let me = Worker { process: self.process.clone(), run: numbers::name() };
        let began = Instant::now();
        loop {
            let at = now.plus(began.elapsed());
            match self.data.lease_renewal(&account.id, old.token_ver, &me, at).await {
                Ok(()) => return self.renew_alone(account, old, &me, at).await,
                Err(Error::Conflict) => {}
                Err(error) => return Err(error),
            }
            if let Some(newer) = self.newer(account, old).await? {
                return Ok(Renewal::Renewed(newer));
            }
            if began.elapsed() >= WAIT {
                return Ok(Renewal::NotNow);
            }
            sleep(LOOK.mul_f64(numbers::stretch(4.0))).await;
        }
    }

    async fn renew_alone(
        &self,
        account: &Account,
        old: &Open,
        me: &Worker,
        now: Timestamp,
    ) -> Result<Renewal, Error> {
        let call = self.platforms.refresh(account, &old.credentials, now);
        let answer = timeout(PATIENCE, AssertUnwindSafe(call).catch_unwind()).await;
        let Ok(Ok(refreshed)) = answer else {
            // The tokens may be used up: nobody tries again before the lease is over.
            tracing::warn!(account = %account.id, "tokens were not renewed in time");
            return Ok(Renewal::NotNow);
        };
        match refreshed {
            Refreshed::Renewed(new) => {
                let credentials = new.renewing(&old.credentials);
                self.keep_renewed(account, old.token_ver, credentials, me).await
            }
            Refreshed::Revoked { message } => {
                // A sibling may have been faster, and its success is what made our token fail.
                if let Some(newer) = self.newer(account, old).await? {
                    return Ok(Renewal::Renewed(newer));
                }
                self.data.release_renewal(&account.id, me).await?;
                Ok(Renewal::Revoked(message))
            }
            Refreshed::NotOffered => {
                self.data.release_renewal(&account.id, me).await?;
                Ok(Renewal::Revoked("The platform refuses the account's credentials.".to_owned()))
            }
            Refreshed::Unavailable { message } => {
                tracing::warn!(account = %account.id, message, "tokens cannot be renewed now");
                self.data.release_renewal(&account.id, me).await?;
                Ok(Renewal::NotNow)
            }
        }
    }

    async fn keep_renewed(
        &self,
        account: &Account,
        before: u64,
        credentials: Credentials,
        me: &Worker,
    ) -> Result<Renewal, Error> {
        let token_ver = before + 1;
        let sealed = self.seal(account, token_ver, &credentials).await?;
        let mut wait = OFFER_WAIT;
        for _ in 1..OFFERS {
            match self.data.replace_credentials(&account.id, before, &sealed, Some(me)).await {
                Err(Error::Unavailable(_)) => sleep(wait).await,
                done => return done.map(|()| Renewal::Renewed(Open { token_ver, credentials })),
            }
            wait *= 2;
        }
        self.data.replace_credentials(&account.id, before, &sealed, Some(me)).await?;
        Ok(Renewal::Renewed(Open { token_ver, credentials }))
    }

    /// The credentials, if another worker stored new ones since `old` was read.
    async fn newer(&self, account: &Account, old: &Open) -> Result<Option<Open>, Error> {
        match self.open(account).await? {
            Opened::Open(open) if open.token_ver != old.token_ver => Ok(Some(open)),
            _ => Ok(None),
        }
    }
}

/// A vault that cannot be used is a store that cannot be used. The cause is logged here, once.
fn closed(account: &Account, cause: &VaultError) -> Error {
    tracing::error!(account = %account.id, %cause, "credentials cannot be sealed or opened");
    Error::Unavailable(data::Cause::Sealed)
}
