//! One rate that several processes keep together, with few words between them.
//!
//! They share one number, as a [`Bucket`](crate::Bucket) does: when the room of all would be whole again. A process adds its acts to it,
//! and the answer tells what the others did. To make this cheap a process
//!
//! - tells nothing of acts that are few: an eighth of the rate at once, a 64th of it in the long run;
//! - of those beyond tells the first at once, and further ones when a second has passed or an eighth of the rate has come
//!   together, whichever is first;
//! - refuses by what it knows, which costs nothing.
//!
//! What is told late counts as if it were done late. So that nobody who keeps to the rate is refused for that, there is room for one
//! window more, and what was not told within a window is not told at all. Where a rate is below 16 all is told at once, and
//! neither is needed.
//!
//! The bound, for n processes, a rate of r in a window, and any span of time: of acts that can be refused no more pass than
//! `r × (2 + 3n/8)`, and `r × (1 + 9n/64)` for each window of the span. If the rate is below 8: `r`, and `r` for each window.

use crate::crowd::Kept;
use crate::{Bucket, Rate};

/// A process keeps one part of so many of a rate to itself.
const PARTS: u32 = 8;
/// How long after it has told something a process may wait before it tells a single act.
const APART_MS: u64 = 1_000;
/// Most that what cannot be refused is counted beyond its rate, in windows of it.
const MOST_DEBT: u64 = 60;

/// Whether acts are counted that others did not leave room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// No: they are refused.
    WhatFits,
    /// Yes: they are known only after they were done.
    All,
}

/// What a process tells the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// How many acts these are.
    pub acts: u32,
    /// Microseconds that these acts take from the room.
    pub cost_us: u64,
    /// Most that may be missing afterwards, in microseconds: nothing is counted if it would be more.
    pub most_us: u64,
    /// More can never be missing, in microseconds: a clock was set back, and all begins anew.
    pub never_us: u64,
    /// When all was to be whole again, as far as this process knows: microseconds.
    pub known_us: u64,
}

/// What a process hears when it has told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// When all will be whole again: microseconds.
    pub whole_at_us: u64,
    /// Whether what it told was counted.
    pub counted: bool,
}

impl Told {
    /// The rule of the number that is shared. `whole_at_us`: what it is, 0 if there is none yet.
    pub fn count(&self, whole_at_us: u64, now_us: u64) -> Heard {
        let known_us = possible(whole_at_us, self.never_us, now_us);
        let next = known_us.max(now_us).saturating_add(self.cost_us);
        if next > now_us.saturating_add(self.most_us) {
            return Heard { whole_at_us, counted: false };
        }
        Heard { whole_at_us: next, counted: true }
    }
}

/// What is to be done about an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is within the rate, as far as this process knows.
    Pass,
    /// The others have left no room for it: the milliseconds until there is some.
    Over(u64),
    /// Tell the others, and pass what they say to [`Share::hear`].
    Tell(Told),
}

/// What one process knows of a rate that it shares.
#[derive(Debug, Clone, Copy, Default)]
pub struct Share {
    free: Bucket,
    whole_at_us: u64,
    untold: u32,
    since_ms: u64,
    told_ms: u64,
}

impl Share {
    /// Counts an act.
    pub fn count(&mut self, rate: Rate, count: Count, now_ms: u64) -> Step {
        self.forget_what_is_late(rate, now_ms);
        if let Err(wait_ms) = self.wait_ms(rate, now_ms) {
            return Step::Over(wait_ms);
        }
        if free(rate).is_some_and(|free| self.free.take(free, now_ms).is_ok()) {
            return Step::Pass;
        }
        if self.untold == 0 {
            self.since_ms = now_ms;
        }
        self.untold += 1;
        if self.untold < part(rate) && now_ms.abs_diff(self.told_ms) < APART_MS {
            return Step::Pass;
        }
        self.told_ms = now_ms;
        let acts = std::mem::take(&mut self.untold);
        let cost_us = rate.step_us() * u64::from(acts);
        let most_us = match count {
            Count::WhatFits => most_us(rate),
            Count::All => debt_us(rate),
        };
        let (never_us, known_us) = (never_us(rate), self.whole_at_us);
        Step::Tell(Told { acts, cost_us, most_us, never_us, known_us })
    }

    /// Takes in what the others said.
    ///
    /// # Errors
    /// When they have left no room: the milliseconds until there is some. The act is not done then.
    pub fn hear(&mut self, rate: Rate, told: Told, heard: Heard, now_ms: u64) -> Result<(), u64> {
        self.whole_at_us = heard.whole_at_us;
        let late_us = heard.whole_at_us.saturating_sub(us(now_ms).saturating_add(most_us(rate)));
        if heard.counted {
            return if late_us == 0 { Ok(()) } else { Err(late_us.div_ceil(1_000)) };
        }
        self.untold += told.acts.saturating_sub(1);
        self.wait_ms(rate, now_ms)
    }

    /// Keeps what could not be told for the next time.
    pub fn keep(&mut self, told: Told) {
        self.untold += told.acts;
    }

    /// Whether one more would pass, as far as this process knows. Nothing is counted.
    ///
    /// # Errors
    /// When it would not: the milliseconds until it would.
    pub fn wait_ms(&self, rate: Rate, now_ms: u64) -> Result<(), u64> {
        let own_us = rate.step_us() * (u64::from(self.untold) + 1);
        let known_us = possible(self.whole_at_us, never_us(rate), us(now_ms));
        let next = known_us.max(us(now_ms)).saturating_add(own_us);
        match next.saturating_sub(us(now_ms).saturating_add(most_us(rate))) {
            0 => Ok(()),
            late_us => Err(late_us.div_ceil(1_000)),
        }
    }

    fn forget_what_is_late(&mut self, rate: Rate, now_ms: u64) {
        if now_ms.abs_diff(self.since_ms) > rate.window_ms() {
            self.untold = 0;
        }
    }
}

impl Kept for Share {
    type Weight = (u64, Bucket, u64);

    fn is_new(&self, now_ms: u64) -> bool {
        self.free.is_whole(now_ms)
            && self.whole_at_us <= us(now_ms)
            && self.untold == 0
            && now_ms.abs_diff(self.told_ms) >= APART_MS
    }

    fn weight(&self) -> (u64, Bucket, u64) {
        (self.whole_at_us, self.free, self.told_ms)
    }
}

/// How many acts come together before they are told.
fn part(rate: Rate) -> u32 {
    (rate.count() / PARTS).max(1)
}

/// What is not told, if the rate leaves room for it.
fn free(rate: Rate) -> Option<Rate> {
    rate.part(PARTS)
}

/// Most that may be missing: the room, and a window's worth where acts are told late.
fn most_us(rate: Rate) -> u64 {
    if part(rate) == 1 { rate.room_us() } else { rate.room_us() + us(rate.window_ms()) }
}

/// Most that may be missing where all is counted.
fn debt_us(rate: Rate) -> u64 {
    most_us(rate) + MOST_DEBT * rate.room_us()
}

/// More than can be missing, with some room for clocks that do not agree.
fn never_us(rate: Rate) -> u64 {
    debt_us(rate) + rate.room_us()
}

/// What is missing, or nothing if that cannot be.
fn possible(whole_at_us: u64, never_us: u64, now_us: u64) -> u64 {
    if whole_at_us.saturating_sub(now_us) > never_us { 0 } else { whole_at_us }
}

fn us(ms: u64) -> u64 {
    ms.saturating_mul(1_000)
}

#[cfg(test)]
mod tests;
