//! Limits of platforms that are reached, or nearly: calls wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use data::Error;
use posts::{Account, AccountId, Answer, Gate, GateScope, Outcome, Timestamp, news};

use crate::{Announcer, PublishTo, Publishing, reach};

/// How long what was read of gates is believed. Source: the rules for load, "cache 5 s".
const BELIEVED: Duration = Duration::from_secs(5);
/// Most accounts of which that is kept. Ours.
const MOST_KEPT: usize = 10_000;
/// Wait after a refusal that names none. Source: the first of the retry schedule.
const USUAL_S: u64 = 60;

/// What was read of gates a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<HashMap<AccountId, (Instant, Option<Timestamp>)>>);

impl Gates {
    fn recent(&self, id: &AccountId, believed: Duration) -> Option<Option<Timestamp>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(id).filter(|(since, _)| since.elapsed() < believed).map(|(_, until)| *until)
    }

    /// Believes what was read.
    pub(crate) fn keep(&self, id: &AccountId, until: Option<Timestamp>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(id.clone(), (Instant::now(), until));
    }

    /// What was believed of one account, or of all, is read anew.
    fn forget(&self, scope: GateScope, id: &AccountId) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match scope {
            GateScope::Account => drop(kept.remove(id)),
            GateScope::App => kept.clear(),
        }
    }
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Until when calls for an account must wait, if it is closed at `now`.
    pub(crate) async fn closed_until(
        &self,
        account: &AccountId,
        platform: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        // A process that is alone closes all gates itself.
        let believed = if self.settings.alone { reach::BELIEVED } else { BELIEVED };
        let until = match self.gates.recent(account, believed) {
            Some(until) => until,
            None => {
                let until = self.data.gate(account, platform).await?;
                self.gates.keep(account, until);
                until
            }
        };
        Ok(until.filter(|until| *until > now))
    }

    /// Closes the gate that an answer asks for. Trouble is logged: it must not change what the answer means.
    pub(crate) async fn mind(&self, account: &Account, answer: &Answer, now: Timestamp) {
        let Some(Gate { scope, for_s }) = asked(answer) else { return };
        let until = now.plus(Duration::from_secs(for_s));
        let closed = self.data.close_gate(&account.id, &account.platform, scope, until).await;
        self.gates.forget(scope, &account.id);
        match closed {
            Ok(()) => self.announce([news::account_rate_limited(account, until, now)]).await,
            Err(cause) => {
                tracing::error!(account = %account.id, ?cause, "a platform's limit could not be stored");
            }
        }
    }
}

/// The gate of an answer; a refusal for a limit without one closes the account's.
fn asked(answer: &Answer) -> Option<Gate> {
    match (&answer.gate, &answer.outcome) {
        (Some(gate), _) => Some(gate.clone()),
        (None, Outcome::RateLimited { retry_after_s, .. }) => {
            Some(Gate { scope: GateScope::Account, for_s: retry_after_s.unwrap_or(USUAL_S) })
        }
        _ => None,
    }
}
