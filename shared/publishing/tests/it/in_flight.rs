//! Calls under way: never two at once for an account.

use std::collections::BTreeSet;
use std::sync::Mutex;

use posts::AccountId;

/// The accounts that have one.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<BTreeSet<AccountId>>);

/// A call, until it has its answer or its caller is gone.
pub(crate) struct Call<'a>(&'a InFlight, AccountId);

impl InFlight {
    pub(crate) fn enter(&self, account: &AccountId) -> Call<'_> {
        let first = self.0.lock().unwrap().insert(account.clone());
        assert!(first, "two calls at once for {account}");
        Call(self, account.clone())
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().remove(&self.1);
    }
}
