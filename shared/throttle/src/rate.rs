//! A rate, and the bucket that keeps to it.

use std::num::NonZeroU32;

/// The finest step of the bucket: a rate above a million per second counts as that.
const US_PER_MS: u64 = 1_000;

/// So many in so much time. All of them may come at once; then the room grows back evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    window_ms: u64,
}

impl Rate {
    /// So many per second.
    pub const fn per_second(count: NonZeroU32) -> Self {
        Self { count, window_ms: 1_000 }
    }

    /// So many per minute.
    pub const fn per_minute(count: NonZeroU32) -> Self {
        Self { count, window_ms: 60_000 }
    }

    /// How many may come at once.
    pub fn count(self) -> u32 {
        self.count.get()
    }

    /// The time in which so many may come.
    pub(crate) fn window_ms(self) -> u64 {
        self.window_ms
    }

    /// One part of so many at once, and in the long run a part of that; `None` if it is less than one.
    pub(crate) fn part(self, parts: u32) -> Option<Self> {
        let count = NonZeroU32::new(self.count.get() / parts)?;
        Some(Self { count, window_ms: self.window_ms * u64::from(parts) })
    }

    /// Microseconds that one takes from the room.
    pub(crate) fn step_us(self) -> u64 {
        (self.window_ms * US_PER_MS).div_ceil(u64::from(self.count.get()))
    }

    /// Microseconds that fill the room.
    pub(crate) fn room_us(self) -> u64 {
        self.step_us() * u64::from(self.count.get())
    }
}

/// The state of one rate: when its room would be whole again. New ones have all their room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    whole_at_us: u64,
}

impl Bucket {
    /// Takes one.
    ///
    /// # Errors
    /// When there is no room: the milliseconds until there is. Nothing is taken then.
    pub fn take(&mut self, rate: Rate, now_ms: u64) -> Result<(), u64> {
        let now_us = now_ms.saturating_mul(US_PER_MS);
        // More than the whole room cannot be missing, unless the clock was set back: then all begins anew.
        let whole_at_us = if self.is_possible(rate, now_us) { self.whole_at_us } else { 0 };
        let next = whole_at_us.max(now_us).saturating_add(rate.step_us());
        let late_us = (next - now_us).saturating_sub(rate.room_us());
        if late_us > 0 {
            return Err(late_us.div_ceil(US_PER_MS));
        }
        self.whole_at_us = next;
        Ok(())
    }

    /// Gives back what was taken last.
    pub(crate) fn give_back(&mut self, rate: Rate) {
        self.whole_at_us = self.whole_at_us.saturating_sub(rate.step_us());
    }

    fn is_possible(self, rate: Rate, now_us: u64) -> bool {
        self.whole_at_us.saturating_sub(now_us) <= rate.room_us()
    }

    /// Whether one could be taken.
    ///
    /// # Errors
    /// When there is no room: the milliseconds until there is.
    pub fn wait_ms(mut self, rate: Rate, now_ms: u64) -> Result<(), u64> {
        self.take(rate, now_ms)
    }

    /// Whether nothing is missing: such a bucket need not be remembered.
    pub fn is_whole(self, now_ms: u64) -> bool {
        self.whole_at_us <= now_ms.saturating_mul(US_PER_MS)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn per_second(count: u32) -> Rate {
        Rate::per_second(NonZeroU32::new(count).unwrap())
    }

    #[test]
    fn all_may_come_at_once_then_evenly() {
        let (mut bucket, rate) = (Bucket::default(), per_second(10));
        for _ in 0..10 {
            assert_eq!(bucket.take(rate, 5_000), Ok(()));
        }
        assert_eq!(bucket.take(rate, 5_000), Err(100));
        assert_eq!(bucket.take(rate, 5_099), Err(1));
        assert_eq!((bucket.wait_ms(rate, 5_099), bucket.wait_ms(rate, 5_100)), (Err(1), Ok(())));
        assert_eq!(bucket.take(rate, 5_100), Ok(()));
        assert_eq!(bucket.take(rate, 5_100), Err(100));
        assert!(!bucket.is_whole(6_099));
        assert!(bucket.is_whole(6_100));
    }

    #[test]
    fn a_clock_set_back_stops_nobody() {
        let (mut bucket, rate) = (Bucket::default(), per_second(1));
        assert_eq!(bucket.take(rate, 3_600_000), Ok(()));
        assert_eq!(bucket.take(rate, 0), Ok(()));
        assert_eq!(bucket.take(rate, 0), Err(1_000));
    }

    #[test]
    fn minutes_are_longer() {
        let (mut bucket, rate) = (Bucket::default(), Rate::per_minute(NonZeroU32::new(2).unwrap()));
        assert_eq!(bucket.take(rate, 0), Ok(()));
        assert_eq!(bucket.take(rate, 0), Ok(()));
        assert_eq!(bucket.take(rate, 1), Err(29_999));
        assert_eq!(bucket.take(rate, 30_000), Ok(()));
    }

    proptest! {
        /// In no span of time do more pass than the room at once and what grew back in it;
        /// and who keeps below the rate is never stopped.
        #[test]
        fn the_rate_is_exact(count in 1u32..50, gaps in proptest::collection::vec(0u64..60, 1..300)) {
            let rate = per_second(count);
            let (mut bucket, mut now, mut passed) = (Bucket::default(), 0, Vec::new());
            for gap in &gaps {
                now += gap;
                if bucket.take(rate, now).is_ok() {
                    passed.push(now);
                }
            }
            for (i, from) in passed.iter().enumerate() {
                for (j, to) in passed.iter().enumerate().skip(i) {
                    let most = u64::from(count) + (to - from) * u64::from(count) / 1_000;
                    prop_assert!((j - i + 1) as u64 <= most, "{} in {} ms", j - i + 1, to - from);
                }
            }
            let (mut slow, step) = (Bucket::default(), 1_000_u64.div_ceil(count.into()));
            for n in 0..100 {
                prop_assert_eq!(slow.take(rate, n * step), Ok(()));
            }
        }
    }
}
