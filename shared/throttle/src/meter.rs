//! One rate of one user, and what becomes of those who do not keep to it.

use std::num::NonZeroU32;

use crate::crowd::Kept;
use crate::{Bucket, Count, Rate};

/// Refusals after which someone is not clumsy but abusive. Ours: a client that heeds its first
/// refusals never comes near.
const STRIKES: Rate = Rate::per_minute(NonZeroU32::MIN.saturating_add(99));
/// One line in the log for each of this many milliseconds: abuse must not fill a disk.
const TELL_EVERY_MS: u64 = 10_000;

/// What to do with one thing that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is within the rate.
    Pass,
    /// It is over the rate and shall not count.
    Over {
        /// Milliseconds until the next one may come.
        retry_after_ms: u64,
        /// Whether the log should hear of it.
        tell: bool,
        /// Whether refusals have been ignored for so long that they should end.
        abuse: bool,
    },
}

/// A bucket with a memory of its refusals.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter {
    bucket: Bucket,
    strikes: Bucket,
    quiet_until_ms: u64,
}

impl Meter {
    /// Counts one.
    pub fn count(&mut self, rate: Rate, now_ms: u64) -> Verdict {
        let Err(retry_after_ms) = self.bucket.take(rate, now_ms) else { return Verdict::Pass };
        self.refuse(retry_after_ms, now_ms)
    }

    /// Refuses what passed here, because others left no room for it; what could be refused does not count then.
    pub fn overrule(
        &mut self,
        rate: Rate,
        count: Count,
        retry_after_ms: u64,
        now_ms: u64,
    ) -> Verdict {
        if count == Count::WhatFits {
            self.bucket.give_back(rate);
        }
        self.refuse(retry_after_ms, now_ms)
    }

    fn refuse(&mut self, retry_after_ms: u64, now_ms: u64) -> Verdict {
        let abuse = self.strikes.take(STRIKES, now_ms).is_err();
        let quiet_ms = self.quiet_until_ms.saturating_sub(now_ms);
        let tell = !(1..=TELL_EVERY_MS).contains(&quiet_ms);
        if tell {
            self.quiet_until_ms = now_ms.saturating_add(TELL_EVERY_MS);
        }
        Verdict::Over { retry_after_ms, tell, abuse }
    }

    /// Whether one more would pass. Nothing is counted.
    ///
    /// # Errors
    /// When it would not: the milliseconds until it would.
    pub fn wait_ms(&self, rate: Rate, now_ms: u64) -> Result<(), u64> {
        self.bucket.wait_ms(rate, now_ms)
    }
}

impl Kept for Meter {
    type Weight = (Bucket, Bucket);

    fn is_new(&self, now_ms: u64) -> bool {
        self.bucket.is_whole(now_ms)
            && self.strikes.is_whole(now_ms)
            && self.quiet_until_ms <= now_ms
    }

    fn weight(&self) -> (Bucket, Bucket) {
        (self.strikes, self.bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Rate = Rate::per_second(NonZeroU32::MIN);

    #[test]
    fn what_others_left_no_room_for_is_refused() {
        let mut meter = Meter::default();
        assert_eq!(meter.count(ONE, 0), Verdict::Pass);
        let over = |tell| Verdict::Over { retry_after_ms: 7, tell, abuse: false };
        assert_eq!(meter.overrule(ONE, Count::WhatFits, 7, 0), over(true));
        assert_eq!(meter.count(ONE, 0), Verdict::Pass);
        assert_eq!(meter.overrule(ONE, Count::All, 7, 0), over(false));
        assert_eq!(meter.wait_ms(ONE, 0), Err(1_000));
    }

    #[test]
    fn refusals_are_told_now_and_then_and_in_the_end_abuse() {
        let mut meter = Meter::default();
        assert_eq!(meter.count(ONE, 0), Verdict::Pass);
        let over = |tell, abuse| Verdict::Over { retry_after_ms: 1_000, tell, abuse };
        assert_eq!(meter.count(ONE, 0), over(true, false));
        for _ in 1..100 {
            assert_eq!(meter.count(ONE, 0), over(false, false));
        }
        assert_eq!(meter.count(ONE, 0), over(false, true));
        assert_eq!(meter.count(ONE, 1_000), Verdict::Pass, "whoever waits may go on");
        assert!(!meter.is_new(59_999));
        assert!(meter.is_new(60_000));
        meter.count(ONE, 60_000);
        assert_eq!(meter.count(ONE, 60_000), over(true, false), "all is forgotten");
    }
}
