//! Credentials sealed under the key that seals now, in place of another one that still opens them.

use data::{Error, Kept, SealedAt, SealedOf};
use posts::{Account, AccountId, Credentials};
use vault::VaultError;

use crate::connect_by_oauth::ON_THE_WAY;
use crate::credentials::Opened;
use crate::{Announcer, PublishTo, Publishing, Refusal, ResealReport};

/// What sealing one text anew came to.
enum Resealed {
    Done,
    Already,
    /// It was changed or dropped meanwhile, or is not needed.
    Passed,
    Unreadable(AccountId),
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Seals a page of what is sealed anew, where that is under another key than the one that seals now. It can be stopped
    /// and begun again anywhere, and runs beside everything else: each text is replaced by one conditional write, which loses
    /// to whoever renews or reconnects the account.
    pub async fn reseal(&self, cursor: Option<&str>) -> Result<ResealReport, Refusal> {
        let page = self.data.sealed_page(cursor).await?;
        let mut report = ResealReport { next_cursor: page.next, ..ResealReport::default() };
        for at in page.texts {
            match self.reseal_one(&at).await? {
                Resealed::Done => report.resealed += 1,
                Resealed::Already => report.already += 1,
                Resealed::Passed => {}
                Resealed::Unreadable(id) => report.unreadable.push(id),
            }
        }
        Ok(report)
    }

    async fn reseal_one(&self, at: &SealedAt) -> Result<Resealed, Error> {
        match &at.of {
            SealedOf::Account { id, token_ver } => {
                let account = match self.data.get_account(id).await {
                    Ok(account) => account,
                    Err(Error::NotFound) => return Ok(Resealed::Passed),
                    Err(error) => return Err(error),
                };
                let Kept::Sealed(sealed) = &at.kept else { return self.seal_first(&account).await };
                let place = Credentials::binding(&account, *token_ver);
                let after = self.vault.reseal(account.workspace_id.as_str(), &place, sealed).await;
                let lost = Resealed::Unreadable(account.id);
                self.put_resealed(at, after, lost).await
            }
            SealedOf::Registration(hash) => {
                let Kept::Sealed(sealed) = &at.kept else { return Ok(Resealed::Passed) };
                let after = self.vault.reseal(ON_THE_WAY, hash, sealed).await;
                if matches!(after, Err(VaultError::Damaged)) {
                    // Whoever connects an account there next registers anew.
                    return passed(self.data.drop_sealed(at).await, Resealed::Passed);
                }
                self.put_resealed(at, after, Resealed::Passed).await
            }
        }
    }

    async fn put_resealed(
        &self,
        at: &SealedAt,
        after: Result<Option<String>, VaultError>,
        lost: Resealed,
    ) -> Result<Resealed, Error> {
        match after {
            Ok(None) => Ok(Resealed::Already),
            Ok(Some(after)) => passed(self.data.replace_sealed(at, &after).await, Resealed::Done),
            Err(VaultError::Damaged) => Ok(lost),
            Err(cause) => {
                tracing::error!(%cause, "credentials cannot be sealed anew");
                Err(Error::Unavailable(data::Cause::Sealed))
            }
        }
    }

    /// Seals what a version before the vault left plain.
    async fn seal_first(&self, account: &Account) -> Result<Resealed, Error> {
        match self.open(account).await? {
            Opened::Open(_) => Ok(Resealed::Done),
            Opened::Lost => Ok(Resealed::Unreadable(account.id.clone())),
        }
    }
}

/// A write that lost means that the text is new: whoever wrote it sealed it.
fn passed(written: Result<(), Error>, done: Resealed) -> Result<Resealed, Error> {
    match written {
        Ok(()) => Ok(done),
        Err(Error::Conflict) => Ok(Resealed::Passed),
        Err(error) => Err(error),
    }
}
