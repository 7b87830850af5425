//! The time that a run has on a host that ends it: what it begins, it can finish.

use std::time::Duration;

use posts::Timestamp;

use crate::tick::PATIENCE;

/// What is kept of the time for an attempt that was begun. Source: the rules for load, the longest that a platform may take
/// and some room; here for the writes that follow it.
const ATTEMPT: Duration = Duration::from_secs(35);
/// What is kept besides for what precedes an attempt, so that it is seldom given back. Ours: reads, writes and an announcement
/// take less, pictures may take more.
const BEFORE: Duration = Duration::from_secs(10);
/// What is kept for what claims lead to. Ours: handing over takes seconds, and what there is no time for is handed over too.
const AFTER_CLAIMS: Duration = Duration::from_secs(60);

const _: () = assert!(PATIENCE.as_secs() < ATTEMPT.as_secs());

/// Until when a run begins things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Posts are claimed until then.
    pub(crate) claims: Timestamp,
    /// Deliveries are taken up until then.
    pub(crate) deliveries: Timestamp,
    /// Attempts are begun until then.
    pub(crate) attempts: Timestamp,
}

impl Budget {
    /// Of a run that is ended `time` after `now`. A host with little time keeps a part of it.
    pub(crate) fn of(now: Timestamp, time: Duration) -> Self {
        let until = |kept: Duration| now.plus(time.saturating_sub(kept));
        Self {
            claims: until(AFTER_CLAIMS.min(time.mul_f64(0.75))),
            deliveries: until((ATTEMPT + BEFORE).min(time.mul_f64(0.625))),
            attempts: until(ATTEMPT.min(time / 2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_begun_can_be_finished() {
        let now = Timestamp::from_ms(1_795_161_600_000);
        // The time, and of it until when posts are claimed, deliveries taken up and attempts begun.
        for (time, expected) in [
            (120, [60, 75, 85]),
            (90, [30, 45, 55]),
            (80, [20, 35, 45]),
            (32, [8, 12, 16]),
            (0, [0, 0, 0]),
        ] {
            let Budget { claims, deliveries, attempts } =
                Budget::of(now, Duration::from_secs(time));
            let until = [claims, deliveries, attempts].map(|at| at.since(now).as_secs());
            assert_eq!(until, expected, "{time}");
        }
    }
}
