//! What channels remember.

use channels::{Depth, EventsAfter, Keep, Limits, Missed, Recorded};
use protocol::limits::CACHE_TTL_S;
use protocol::{EventName, Serial};

use super::{app, name, ok};
use crate::{EVENTS_PER_ANSWER, Store};

const T0: u64 = 1_700_000_000_000;
const TTL: u64 = CACHE_TTL_S * 1_000;

pub(super) async fn run<S: Store>(store: &S) {
    a_cache_holds_the_last_event_for_a_while(store).await;
    a_miss_is_news_once(store).await;
    a_history_is_in_order_and_bounded(store).await;
    a_history_forgets_with_age_and_says_so(store).await;
    a_long_history_comes_in_pieces(store).await;
    memories_of_apps_do_not_meet(store).await;
}

fn event(text: &str, cache_ms: Option<u64>, history: Option<(usize, u64)>) -> Keep {
    let Ok(event) = EventName::parse(text) else { panic!("{text} is no event name") };
    Keep {
        event: Recorded { serial: None, event, data: None, user_id: None },
        cache_ms,
        history: history.map(|(count, age_ms)| Depth { count, age_ms }),
    }
}

fn names(missed: &Missed) -> Vec<&str> {
    missed.events.iter().map(|it| it.event.as_str()).collect()
}

async fn a_cache_holds_the_last_event_for_a_while<S: Store>(store: &S) {
    let (app, c) = (app("cache", Limits::default()), name("cache-a"));
    assert!(ok(store.cached(&app.id, &c, T0)).await.is_none());
    for it in ["one", "two"] {
        let serial = ok(store.keep(&app.id, &c, event(it, Some(TTL), None), T0)).await;
        assert_eq!(serial, None, "only histories number their events");
    }
    let cached = ok(store.cached(&app.id, &c, T0 + 1_000)).await;
    let shown = cached.map(|it| (it.event.event.as_str().to_owned(), it.ttl_ms));
    assert_eq!(shown, Some(("two".to_owned(), TTL - 1_000)));
    assert!(ok(store.cached(&app.id, &c, T0 + TTL)).await.is_none());
    assert!(ok(store.cached(&app.id, &name("cache-b"), T0)).await.is_none());
}

async fn a_miss_is_news_once<S: Store>(store: &S) {
    let (app, c) = (app("miss", Limits::default()), name("cache-a"));
    assert!(ok(store.miss(&app.id, &c, T0)).await);
    assert!(!ok(store.miss(&app.id, &c, T0 + 1)).await);
    assert!(!ok(store.miss(&app.id, &c, T0 + TTL - 1)).await);
    assert!(ok(store.miss(&app.id, &c, T0 + TTL)).await, "news again after a while");
    ok(store.keep(&app.id, &c, event("one", Some(1_000), None), T0 + TTL + 1)).await;
    assert!(ok(store.miss(&app.id, &c, T0 + TTL + 1_001)).await, "an event lay between");
}

async fn a_history_is_in_order_and_bounded<S: Store>(store: &S) {
    let (app, c) = (app("history", Limits::default()), name("a"));
    let ask = |after| EventsAfter { channel: c.clone(), after };
    let mut serials = Vec::new();
    // The clock may stand still or go back; serials do not.
    for (it, now) in [("e1", T0), ("e2", T0), ("e3", T0 - 5_000), ("e4", T0 + 1)] {
        serials.extend(ok(store.keep(&app.id, &c, event(it, None, Some((3, 60_000))), now)).await);
    }
    assert!(serials.len() == 4 && serials.is_sorted_by(|a, b| a < b), "{serials:?}");
    let missed = ok(store.events_after(&app.id, &ask(serials[1]), T0 + 2)).await;
    assert_eq!((names(&missed), missed.complete, missed.more), (vec!["e3", "e4"], true, false));
    let all: Vec<_> = missed.events.iter().filter_map(|it| it.serial).collect();
    assert_eq!(all, serials[2..], "each event carries its serial");
    let missed = ok(store.events_after(&app.id, &ask(serials[0]), T0 + 2)).await;
    assert_eq!((names(&missed), missed.complete), (vec!["e2", "e3", "e4"], true));
    let missed = ok(store.events_after(&app.id, &ask(Serial::new(0)), T0 + 2)).await;
    assert_eq!((names(&missed), missed.complete), (vec!["e2", "e3", "e4"], false));
    let missed = ok(store.events_after(&app.id, &ask(serials[3]), T0 + 2)).await;
    assert_eq!((names(&missed), missed.complete), (vec![], true));
}

async fn a_history_forgets_with_age_and_says_so<S: Store>(store: &S) {
    let (app, c) = (app("age", Limits::default()), name("a"));
    let keep = async |it: &str, now| {
        let serial = ok(store.keep(&app.id, &c, event(it, None, Some((10, 1_000))), now)).await;
        serial.unwrap_or_default()
    };
    let ask = |after| EventsAfter { channel: c.clone(), after };
    let one = keep("e1", T0).await;
    let two = keep("e2", T0 + 500).await;
    let missed = ok(store.events_after(&app.id, &ask(one), T0 + 1_200)).await;
    assert_eq!((names(&missed), missed.complete), (vec!["e2"], true));
    let three = keep("e3", T0 + 9_000).await;
    assert!(three > two, "a history that begins anew goes on");
    let missed = ok(store.events_after(&app.id, &ask(one), T0 + 9_001)).await;
    assert_eq!((names(&missed), missed.complete), (vec!["e3"], false), "e2 is lost");
    let missed = ok(store.events_after(&app.id, &ask(two), T0 + 9_001)).await;
    assert_eq!((names(&missed), missed.complete), (vec!["e3"], true));
    let unknown = EventsAfter { channel: name("never"), after: one };
    assert!(!ok(store.events_after(&app.id, &unknown, T0)).await.complete);
}

async fn a_long_history_comes_in_pieces<S: Store>(store: &S) {
    let (app, c) = (app("pieces", Limits::default()), name("a"));
    let count = EVENTS_PER_ANSWER * 2;
    for n in 0..count {
        ok(store.keep(&app.id, &c, event(&format!("e{n}"), None, Some((count, 60_000))), T0)).await;
    }
    let (mut after, mut got, mut answers) = (Serial::new(0), 0, 0);
    loop {
        let ask = EventsAfter { channel: c.clone(), after };
        let missed = ok(store.events_after(&app.id, &ask, T0)).await;
        got += missed.events.len();
        answers += 1;
        after = missed.events.last().and_then(|it| it.serial).unwrap_or(after);
        if !missed.more {
            break;
        }
    }
    assert_eq!((got, answers), (count, 2));
}

async fn memories_of_apps_do_not_meet<S: Store>(store: &S) {
    let [one, two] = ["memory-1", "memory-2"].map(|id| app(id, Limits::default()));
    let c = name("cache-a");
    ok(store.keep(&one.id, &c, event("e", Some(TTL), Some((9, 9_000))), T0)).await;
    assert!(ok(store.cached(&two.id, &c, T0)).await.is_none());
    let ask = EventsAfter { channel: c, after: Serial::new(0) };
    assert!(ok(store.events_after(&two.id, &ask, T0)).await.events.is_empty());
}
