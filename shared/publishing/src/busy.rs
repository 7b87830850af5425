//! Accounts that this process works on, so that its runs need not ask the store to learn that one is taken.
//!
//! The account's lease in the store is what keeps workers apart; this only saves writes that would lose.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use posts::AccountId;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::tick::IN_FLIGHT;

/// The accounts, and room for more.
#[derive(Debug)]
pub(crate) struct Busy {
    accounts: Mutex<HashSet<AccountId>>,
    room: Semaphore,
}

impl Default for Busy {
    fn default() -> Self {
        Self { accounts: Mutex::default(), room: Semaphore::new(IN_FLIGHT) }
    }
}

/// An account that is worked on as long as this lives.
pub(crate) struct Taken<'a> {
    busy: &'a Busy,
    id: AccountId,
    _room: Option<SemaphorePermit<'a>>,
}

impl Busy {
    /// Takes an account once there is room. Nothing if another run of this process has it.
    pub(crate) async fn take(&self, id: &AccountId) -> Option<Taken<'_>> {
        self.accounts().insert(id.clone()).then_some(())?;
        let mut taken = Taken { busy: self, id: id.clone(), _room: None };
        taken._room = self.room.acquire().await.ok();
        Some(taken)
    }

    fn accounts(&self) -> std::sync::MutexGuard<'_, HashSet<AccountId>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.busy.accounts().remove(&self.id);
    }
}
