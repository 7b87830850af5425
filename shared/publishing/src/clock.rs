//! The time during a run that began at a given time.

use std::time::Instant;

use posts::Timestamp;

/// Goes on from the time that the run was given, by the machine's steady clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Timestamp,
    began: Instant,
}

impl Clock {
    pub(crate) fn starting(now: Timestamp) -> Self {
        Self { start: now, began: Instant::now() }
    }

    /// The time that the run was given.
    pub(crate) fn began(&self) -> Timestamp {
        self.start
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.start.plus(self.began.elapsed())
    }
}
