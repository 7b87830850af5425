use std::num::NonZeroU32;

use proptest::prelude::*;

use super::*;

fn per_second(count: u32) -> Rate {
    Rate::per_second(NonZeroU32::new(count).unwrap())
}

fn per_minute(count: u32) -> Rate {
    Rate::per_minute(NonZeroU32::new(count).unwrap())
}

/// Processes, each with its own bucket, and the number that they share.
struct Fleet {
    processes: Vec<(Bucket, Share)>,
    whole_at_us: u64,
    tells: usize,
}

impl Fleet {
    fn of(processes: usize) -> Self {
        Self { processes: vec![Default::default(); processes], whole_at_us: 0, tells: 0 }
    }

    /// Whether an act passes that comes to a process.
    fn act(&mut self, process: usize, rate: Rate, count: Count, now_ms: u64) -> bool {
        let (bucket, share) = &mut self.processes[process];
        let attempt = bucket.wait_ms(rate, now_ms).and_then(|()| share.wait_ms(rate, now_ms));
        if attempt.is_err() {
            return false;
        }
        let passes = match share.count(rate, count, now_ms) {
            Step::Pass => true,
            Step::Over(_) => false,
            Step::Tell(told) => {
                let heard = told.count(self.whole_at_us, us(now_ms));
                (self.whole_at_us, self.tells) = (heard.whole_at_us, self.tells + 1);
                share.hear(rate, told, heard, now_ms).is_ok()
            }
        };
        // What cannot be refused was done before it is known that it was too much.
        let done = passes || count == Count::All;
        if done {
            bucket.take(rate, now_ms).unwrap();
        }
        done
    }

    fn passed(&mut self, process: usize, acts: u32, rate: Rate, now_ms: u64) -> usize {
        let acts = 0..acts;
        acts.filter(|_| self.act(process, rate, Count::WhatFits, now_ms)).count()
    }
}

/// Acts that come to processes in turn, all at once: how many pass, and how often something is told.
#[test]
fn how_many_pass_at_once() {
    for (rate, processes, passed, tells) in [
        // Exact, where all is told; and a write for each that passes, one for each process that hears of it.
        (per_minute(3), 1, 3, 3),
        (per_minute(3), 8, 3, 10),
        (per_second(7), 4, 7, 10),
        // One process is held by its own bucket.
        (per_second(80), 1, 80, 7),
        (per_second(80), 2, 160, 14),
        // Twice the rate, what is free, and what is not told yet.
        (per_second(80), 8, 303, 30),
        (per_second(800), 8, 3_093, 30),
        (per_minute(6_000), 20, 41_231, 54),
    ] {
        let mut fleet = Fleet::of(processes);
        let all: usize = (0..10 * rate.count())
            .map(|n| fleet.passed(n as usize % processes, 1, rate, 1_000_000))
            .sum();
        assert_eq!((all, fleet.tells), (passed, tells), "{rate:?} in {processes} processes");
    }
}

#[test]
fn few_acts_are_not_told() {
    let mut fleet = Fleet::of(3);
    for turn in 0..300 {
        // A page that opens ten channels, and then a message in two seconds: to each of three processes.
        let acts = if turn == 0 { 10 } else { 1 };
        for process in 0..3 {
            let passed = fleet.passed(process, acts, per_second(80), turn * 2_000);
            assert_eq!(passed, acts as usize);
        }
    }
    assert_eq!(fleet.tells, 0);
}

#[test]
fn who_knows_that_it_is_too_much_tells_nothing() {
    let rate = per_minute(4);
    let mut fleet = Fleet::of(2);
    assert_eq!(fleet.passed(0, 4, rate, 0), 4);
    assert_eq!((fleet.passed(1, 100, rate, 0), fleet.tells), (0, 5));
    assert_eq!(fleet.processes[1].1.wait_ms(rate, 0), Err(15_000));
    assert_eq!((fleet.passed(1, 100, rate, 14_999), fleet.tells), (0, 5));
    assert_eq!((fleet.passed(1, 100, rate, 15_000), fleet.tells), (1, 6));
    assert_eq!((fleet.passed(0, 1, rate, 15_000), fleet.tells), (0, 7));
}

#[test]
fn what_cannot_be_refused_is_owed() {
    let rate = per_minute(4);
    let mut fleet = Fleet::of(8);
    let try_all = |fleet: &mut Fleet, now| {
        (0..8).filter(|process| fleet.act(*process, rate, Count::All, now)).count()
    };
    assert_eq!(try_all(&mut fleet, 0), 8, "each process has to hear of it");
    let minutes = |fleet: &mut Fleet, from: u64, to: u64| {
        let tries = (from * 60_000..to * 60_000).step_by(100);
        tries.map(|now| try_all(fleet, now)).sum::<usize>()
    };
    // Those at once that were too many are owed: the others have to wait for them.
    let (first, more) = (8 + minutes(&mut fleet, 0, 10), minutes(&mut fleet, 10, 60));
    assert!(first <= 4 + 40 + 8, "{first}");
    assert!(more <= 200 + 8, "{more}");
}

#[test]
fn what_cannot_be_told_is_told_later() {
    let (mut share, rate) = (Share::default(), per_minute(3));
    let Step::Tell(told) = share.count(rate, Count::WhatFits, 0) else { panic!("it is told") };
    share.keep(told);
    assert!(matches!(share.count(rate, Count::WhatFits, 0), Step::Tell(Told { acts: 2, .. })));
    share.keep(Told { acts: 2, ..told });
    let Step::Tell(late) = share.count(rate, Count::WhatFits, 60_001) else { panic!("it is told") };
    assert_eq!(late.acts, 1, "after a window it is forgotten");
}

#[test]
fn a_clock_set_back_stops_nobody() {
    let (mut fleet, rate) = (Fleet::of(2), per_minute(4));
    assert_eq!(fleet.passed(0, 4, rate, 10_000_000), 4);
    assert_eq!((fleet.passed(0, 4, rate, 0), fleet.passed(1, 4, rate, 0)), (4, 0));
}

/// Acts: milliseconds since the one before, and the process that each comes to.
fn acts(processes: usize) -> impl Strategy<Value = Vec<(u64, usize)>> {
    let gap = prop_oneof![6 => Just(0u64), 3 => 0u64..100, 1 => 0u64..3_000];
    proptest::collection::vec((gap, 0..processes), 1..400)
}

fn some() -> impl Strategy<Value = (usize, Rate, Vec<(u64, usize)>)> {
    let rates = prop_oneof![(1u32..60).prop_map(per_second), (1u32..60).prop_map(per_minute)];
    (1usize..6, rates).prop_flat_map(|(n, rate)| (Just(n), Just(rate), acts(n)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// In no span of time do more pass than the module says.
    #[test]
    fn the_bound_holds((n, rate, acts) in some(), all in any::<bool>()) {
        let count = if all { Count::All } else { Count::WhatFits };
        let (mut fleet, mut now, mut passed) = (Fleet::of(n), 1_000_000, Vec::new());
        for (gap, process) in acts {
            now += gap;
            if fleet.act(process, rate, count, now) {
                passed.push(now);
            }
        }
        let r = f64::from(rate.count());
        let n = n as f64;
        let (mut once, each) = if r < 8.0 {
            (r, r)
        } else {
            (r * (2.0 + 3.0 * n / 8.0), r * (1.0 + 9.0 * n / 64.0))
        };
        if all {
            once += 3.0 * n * f64::from(part(rate));
        }
        for (i, from) in passed.iter().enumerate() {
            for (j, to) in passed.iter().enumerate().skip(i) {
                let windows = (to - from) as f64 / rate.window_ms() as f64;
                // Each process is held by its own bucket, too.
                let most = (once + each * windows).min(n * r * (1.0 + windows));
                prop_assert!((j - i + 1) as f64 <= most + 1e-6, "{} of {most} in {} ms", j - i + 1, to - from);
            }
        }
    }

    /// Who keeps to the rate, whatever processes it comes to, is never refused.
    #[test]
    fn who_keeps_to_the_rate_passes((n, rate, acts) in some()) {
        let (mut fleet, mut now, mut exact) = (Fleet::of(n), 1_000_000, Bucket::default());
        for (gap, process) in acts {
            now += gap;
            if exact.take(rate, now).is_ok() {
                prop_assert!(fleet.act(process, rate, Count::WhatFits, now));
            }
        }
    }
}
