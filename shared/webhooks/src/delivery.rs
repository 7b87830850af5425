//! A delivery: some events on their way to one endpoint.

use std::fmt;
use std::time::Duration;

use posts::Timestamp;
use protocol::AppId;
use serde::{Deserialize, Serialize};

use crate::{EndpointId, retry};

/// How long whoever claims a delivery may take over one attempt. Ours: three times the call's own limit.
pub const LEASE: Duration = Duration::from_secs(30);

/// The name of a delivery: the same in every attempt, so that receivers can drop what they have.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(String);

impl DeliveryId {
    /// The id of a new delivery, from a number that is never used twice: time in the high bits, chance in the low.
    pub fn from_number(number: u128) -> Self {
        Self(format!("hook_{number:032x}"))
    }

    /// Wraps an id that comes back from a table or a caller. One that was never given out finds nothing.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeliveryId({:?})", self.0)
    }
}

/// A process that sends. Its name is drawn at its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Process(String);

impl Process {
    /// A process by a number that no other has.
    pub fn from_number(number: u128) -> Self {
        Self(format!("{number:032x}"))
    }
}

/// Who claims deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimant {
    /// The process.
    pub process: Process,
    /// Whether no other process has this store: then what another one holds, it left behind.
    pub alone: bool,
}

/// Some events on their way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its name.
    pub id: DeliveryId,
    /// The app whose events they are.
    pub app_id: AppId,
    /// The endpoint of that app.
    pub endpoint_id: EndpointId,
    /// The events: the text of a JSON list.
    pub events: String,
    /// How many they are.
    pub event_count: usize,
    /// When the window of attempts began.
    pub since: Timestamp,
    /// Attempts that failed since then.
    pub attempts: u32,
    /// Grows with every write.
    pub version: u64,
    /// Where it stands.
    #[serde(flatten)]
    pub state: DeliveryState,
}

/// Where a delivery stands. One that was taken is kept no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent.
    Waiting {
        /// When it may be claimed.
        at: Timestamp,
    },
    /// Being sent.
    Held {
        /// When the lease ends, and it may be claimed.
        until: Timestamp,
        /// Who has it.
        by: Process,
    },
    /// Given up: a dead letter.
    Dead {
        /// Since when.
        at: Timestamp,
        /// What became of the last attempt.
        why: String,
    },
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint took it.
    Taken,
    /// It did not; it may do so later.
    Failed {
        /// A sentence for the operator.
        why: String,
        /// The pause that it asked for.
        pause: Option<Duration>,
    },
    /// It took some of the events; the others are sent again.
    Partly {
        /// What is left.
        left: crate::Batch,
        /// A sentence for the operator.
        why: String,
    },
    /// It cannot be sent as things are.
    Refused {
        /// A sentence for the operator.
        why: String,
    },
}

impl Delivery {
    /// A new delivery, claimed by whoever makes it.
    pub fn new(
        id: DeliveryId,
        app_id: AppId,
        endpoint_id: EndpointId,
        batch: crate::Batch,
        by: &Process,
        now: Timestamp,
    ) -> Self {
        let crate::Batch { events, event_count } = batch;
        let state = DeliveryState::Held { until: now.plus(LEASE), by: by.clone() };
        Self {
            id,
            app_id,
            endpoint_id,
            events,
            event_count,
            since: now,
            attempts: 0,
            version: 1,
            state,
        }
    }

    /// The same, left to whoever takes it up.
    #[must_use]
    pub fn unclaimed(self, now: Timestamp) -> Self {
        Self { state: DeliveryState::Waiting { at: now }, ..self }
    }

    /// When it may be claimed; never if it is dead.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            DeliveryState::Waiting { at } | DeliveryState::Held { until: at, .. } => Some(at),
            DeliveryState::Dead { .. } => None,
        }
    }

    /// Takes it up for one attempt. Nothing if it is not due at `horizon`, or another has it.
    pub fn claim(&self, me: &Claimant, now: Timestamp, horizon: Timestamp) -> Option<Self> {
        let free = match &self.state {
            DeliveryState::Waiting { at } => *at <= horizon,
            DeliveryState::Held { until, by } => *until <= now || (me.alone && *by != me.process),
            DeliveryState::Dead { .. } => false,
        };
        let held = DeliveryState::Held { until: now.plus(LEASE), by: me.process.clone() };
        free.then(|| self.with(held))
    }

    /// What becomes of it after an attempt; nothing if it is done. `chance` is from 0 to 1.
    pub fn settle(&self, outcome: Outcome, now: Timestamp, chance: f64) -> Option<Self> {
        let attempts = self.attempts + 1;
        let (why, again) = match outcome {
            Outcome::Taken => return None,
            Outcome::Partly { left, why } => {
                let crate::Batch { events, event_count } = left;
                let rest = Self { events, event_count, ..self.clone() };
                return rest.settle(Outcome::Failed { why, pause: None }, now, chance);
            }
            Outcome::Failed { why, pause } => {
                (why, retry::next(attempts, self.since, now, pause, chance))
            }
            Outcome::Refused { why } => (why, None),
        };
        let state = match again {
            Some(at) => DeliveryState::Waiting { at },
            None => DeliveryState::Dead { at: now, why },
        };
        Some(Self { attempts, ..self.with(state) })
    }

    /// A dead letter, to be tried again from the start. Nothing if it is not dead.
    pub fn replay(&self, now: Timestamp) -> Option<Self> {
        let dead = matches!(self.state, DeliveryState::Dead { .. });
        dead.then(|| Self {
            since: now,
            attempts: 0,
            ..self.with(DeliveryState::Waiting { at: now })
        })
    }

    fn with(&self, state: DeliveryState) -> Self {
        Self { version: self.version + 1, state, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Batch;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(seconds * 1_000)
    }

    fn delivery() -> Delivery {
        let batch = Batch { events: "[]".into(), event_count: 0 };
        let id = DeliveryId::from_number(7);
        Delivery::new(id, AppId::new("1"), EndpointId::new("e"), batch, &maker().process, at(0))
    }

    fn maker() -> Claimant {
        Claimant { process: Process::from_number(1), alone: true }
    }

    fn other(alone: bool) -> Claimant {
        Claimant { process: Process::from_number(2), alone }
    }

    fn failed(why: &str) -> Outcome {
        Outcome::Failed { why: why.into(), pause: None }
    }

    #[test]
    fn a_new_delivery_belongs_to_its_maker_until_the_lease_ends() {
        let new = delivery();
        for claimant in [maker(), other(false)] {
            assert_eq!(new.claim(&claimant, at(29), at(59)), None, "{claimant:?}");
            let claimed = new.claim(&claimant, at(30), at(30)).unwrap();
            assert_eq!((claimed.due_at(), claimed.version), (Some(at(60)), 2));
        }
        // To a process that is alone, what another one held is left behind.
        assert!(new.claim(&other(true), at(1), at(1)).is_some());
    }

    #[test]
    fn who_looks_ahead_takes_what_waits_and_not_what_is_held() {
        let waits = delivery().unclaimed(at(20));
        assert_eq!(waits.claim(&other(false), at(1), at(1)), None);
        let held = waits.claim(&other(false), at(1), at(31)).unwrap();
        assert_eq!(held.claim(&maker(), at(1), at(31)).is_some(), maker().alone);
        assert_eq!(held.claim(&other(true), at(1), at(31)), None, "its own");
    }

    #[test]
    fn failures_are_tried_again_and_given_up_with_their_reason() {
        assert_eq!(delivery().settle(Outcome::Taken, at(1), 0.5), None);
        let again = delivery().settle(failed("500"), at(1), 1.0).unwrap();
        assert_eq!((again.attempts, again.due_at()), (1, Some(at(2))));
        let dead = again.settle(failed("502"), at(300), 1.0).unwrap();
        assert_eq!(dead.state, DeliveryState::Dead { at: at(300), why: "502".into() });
        assert_eq!((dead.due_at(), dead.claim(&other(true), at(900), at(900))), (None, None));
        let refused = delivery().settle(Outcome::Refused { why: "no".into() }, at(1), 0.0).unwrap();
        assert_eq!(refused.state, DeliveryState::Dead { at: at(1), why: "no".into() });
    }

    #[test]
    fn what_was_taken_is_not_sent_again() {
        let left = Batch { events: "[1]".into(), event_count: 1 };
        let why = "some were refused".to_owned();
        let rest = delivery().settle(Outcome::Partly { left, why }, at(1), 1.0).unwrap();
        assert_eq!((rest.events.as_str(), rest.event_count, rest.attempts), ("[1]", 1, 1));
        assert_eq!((rest.due_at(), rest.version), (Some(at(2)), 2));
    }

    #[test]
    fn a_dead_letter_starts_anew() {
        let dead = delivery().settle(failed("500"), at(300), 0.0).unwrap();
        let anew = dead.replay(at(1_000)).unwrap();
        assert_eq!((anew.attempts, anew.since, anew.due_at()), (0, at(1_000), Some(at(1_000))));
        assert_eq!((anew.id.clone(), anew.version), (dead.id, 3));
        assert_eq!(anew.replay(at(1_000)), None);
    }

    #[test]
    fn what_is_written_is_read() {
        for delivery in [delivery(), delivery().settle(failed("500"), at(300), 0.0).unwrap()] {
            let json = serde_json::to_value(&delivery).unwrap();
            assert_eq!(serde_json::from_value::<Delivery>(json).unwrap(), delivery);
        }
    }
}
