//! What answers say of limits.

use posts::{Answer, Gate, GateScope, Outcome};

use crate::call::Said;

/// Longest gate in seconds: a day. A platform whose clock is off must not close an account for years.
const LONGEST_S: u64 = 86_400;

/// An account's gate.
pub(crate) fn account(for_s: u64) -> Option<Gate> {
    gate(GateScope::Account, for_s)
}

/// A gate of all accounts of the app.
pub(crate) fn app(for_s: u64) -> Option<Gate> {
    gate(GateScope::App, for_s)
}

fn gate(scope: GateScope, for_s: u64) -> Option<Gate> {
    (for_s > 0).then(|| Gate { scope, for_s: for_s.min(LONGEST_S) })
}

/// How long a limit holds that has nothing left, by a header with what remains and one with when it is over, in seconds
/// since 1970 UTC.
pub(crate) fn used_up(said: &Said, remaining: &str, reset: &str, now_s: u64) -> Option<u64> {
    let none_left = said.number(remaining) == Some(0);
    let until = said.number(reset).filter(|_| none_left || said.status == 429)?;
    Some(until.saturating_sub(now_s).clamp(1, LONGEST_S))
}

/// An outcome with its gate. A limit that was hit closes the account for as long as it asked for.
pub(crate) fn with(outcome: Outcome, gate: Option<Gate>) -> Answer {
    let gate = gate.or(match &outcome {
        Outcome::RateLimited { retry_after_s: Some(for_s), .. } => account(*for_s),
        _ => None,
    });
    match (outcome, gate) {
        (Outcome::RateLimited { retry_after_s: None, message }, Some(gate)) => {
            let retry_after_s = Some(gate.for_s);
            Answer { outcome: Outcome::RateLimited { retry_after_s, message }, gate: Some(gate) }
        }
        (outcome, gate) => Answer { outcome, gate },
    }
}
