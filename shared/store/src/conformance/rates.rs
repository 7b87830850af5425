//! Rates that several processes keep together.

use throttle::{Count, Heard, Rate, Share, Step, Told};

use super::ok;
use crate::Store;

const T0: u64 = 1_700_000_000_000;
/// Acts in a minute: one takes ten seconds of the room.
const SIX: Rate = Rate::per_minute(std::num::NonZeroU32::MIN.saturating_add(5));
const ONE_US: u64 = 10_000_000;

pub(super) async fn run<S: Store>(store: &S) {
    if !S::SHARED {
        assert_eq!(ok(store.tell("r", &told(0), T0)).await, None, "there is nobody to tell");
        return;
    }
    what_is_told_adds_up_and_goes_with_time(store).await;
    what_does_not_fit_is_not_counted(store).await;
    what_one_believes_does_not_matter(store).await;
    a_clock_set_back_begins_anew(store).await;
    names_do_not_meet(store).await;
}

/// One act of a process that believes that all is whole again then.
///
/// # Panics
/// Never: a rate so low is told at once.
pub fn told(known_us: u64) -> Told {
    match Share::default().count(SIX, Count::WhatFits, T0) {
        Step::Tell(told) => Told { known_us, ..told },
        other => panic!("a rate so low is told at once, not {other:?}"),
    }
}

async fn tell<S: Store>(store: &S, name: &str, told: &Told, now_ms: u64) -> Heard {
    let Some(heard) = ok(store.tell(name, told, now_ms)).await else { panic!("it is shared") };
    heard
}

fn counted(whole_at_us: u64) -> Heard {
    Heard { whole_at_us, counted: true }
}

async fn what_is_told_adds_up_and_goes_with_time<S: Store>(store: &S) {
    let mut whole_at_us = T0 * 1_000;
    for _ in 0..3 {
        whole_at_us += ONE_US;
        assert_eq!(tell(store, "add", &told(0), T0).await, counted(whole_at_us));
    }
    let five = Told { cost_us: 3 * ONE_US, ..told(0) };
    assert_eq!(tell(store, "add", &five, T0 + 1).await, counted(whole_at_us + 3 * ONE_US));
    let later = T0 + 60_000;
    assert_eq!(tell(store, "add", &told(0), later).await, counted(later * 1_000 + ONE_US));
}

async fn what_does_not_fit_is_not_counted<S: Store>(store: &S) {
    for n in 1..=6 {
        assert_eq!(tell(store, "full", &told(0), T0).await, counted(T0 * 1_000 + n * ONE_US));
    }
    let full = Heard { whole_at_us: T0 * 1_000 + 6 * ONE_US, counted: false };
    assert_eq!(tell(store, "full", &told(0), T0).await, full);
    assert_eq!(tell(store, "full", &told(0), T0 + 9_999).await, full);
    let owed = Told { most_us: 100 * ONE_US, ..told(0) };
    assert_eq!(tell(store, "full", &owed, T0).await, counted(T0 * 1_000 + 7 * ONE_US));
    let there_is_room = T0 + 20_000;
    assert_eq!(
        tell(store, "full", &told(0), there_is_room).await,
        counted(T0 * 1_000 + 8 * ONE_US)
    );
}

async fn what_one_believes_does_not_matter<S: Store>(store: &S) {
    for (n, known_us) in [u64::MAX, 0, (T0 + 5_000) * 1_000].into_iter().enumerate() {
        let name = format!("belief {n}");
        for acts in 1..=3 {
            let heard = tell(store, &name, &told(known_us), T0).await;
            assert_eq!(heard, counted(T0 * 1_000 + acts * ONE_US), "{name}");
        }
        let later = T0 + 600_000;
        let heard = tell(store, &name, &told(known_us), later).await;
        assert_eq!(heard, counted(later * 1_000 + ONE_US), "{name}");
    }
}

async fn a_clock_set_back_begins_anew<S: Store>(store: &S) {
    tell(store, "clock", &told(0), T0).await;
    let back = T0 - 24 * 3_600_000;
    for n in 1..=2 {
        let heard = tell(store, "clock", &told(0), back).await;
        assert_eq!(heard, counted(back * 1_000 + n * ONE_US));
    }
}

async fn names_do_not_meet<S: Store>(store: &S) {
    for name in ["a", "a/", "a/b", "#", "x".repeat(500).as_str()] {
        assert_eq!(tell(store, name, &told(0), T0).await, counted(T0 * 1_000 + ONE_US), "{name}");
    }
}
