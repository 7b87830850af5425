//! Where clocks are set forward and back, for every kind of rule: gaps and folds of an hour, of half an hour and of two, at
//! midnight, in both hemispheres, and ends of months.
//!
//! The instants of `dst.json` were not computed by the library that the rules use, but by Python's `datetime` and `zoneinfo`
//! (3.11, tz database 2025b): `dst.py` beside it does that.

use posts::{Rule, SeriesState};
use serde::Deserialize;

use crate::{all, at, create, new};

/// A series, and its posts: each date with its instant.
#[derive(Deserialize)]
struct Row {
    what: String,
    tz: String,
    rule: Rule,
    local_time: String,
    posts: Vec<(String, String)>,
}

#[test]
fn series_keep_their_wall_time_wherever_clocks_are_set() {
    let table: Vec<Row> = serde_json::from_str(include_str!("dst.json")).unwrap();
    assert!(!table.is_empty());
    for Row { what, tz, rule, local_time, posts } in table {
        let made = all(new(rule, &local_time, &tz, None), "2018-01-01T00:00:00Z", posts.len());
        let dated = |(id, at): (String, String)| (id.strip_prefix("s:").unwrap().to_owned(), at);
        assert_eq!(made.into_iter().map(dated).collect::<Vec<_>>(), posts, "{what}");
    }
}

/// A ticker that comes between the two times that a clock shows, or in the time that it skips, makes no post twice and
/// leaves none out.
#[test]
fn a_ticker_that_comes_at_the_edge_finds_the_next_day() {
    let table = [
        // 02:30 is shown at 00:30 and at 01:30 UTC.
        (
            "2026-10-25T02:30",
            "2026-10-25T00:30:00Z",
            ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"],
            "2026-10-26T01:30:00Z",
        ),
        // 02:30 does not exist; it is 03:30, at 01:30 UTC.
        (
            "2027-03-28T02:30",
            "2027-03-28T01:30:00Z",
            ["2027-03-28T01:30:00Z", "2027-03-28T01:31:00Z", "2027-03-28T03:00:00Z"],
            "2027-03-29T00:30:00Z",
        ),
    ];
    for (local_time, first, ticks, next) in table {
        let daily = new(Rule::Day { interval: 1 }, local_time, "Europe/Berlin", None);
        let (series, post) = create(daily, "2026-10-01T00:00:00Z").unwrap();
        assert_eq!(post.when().unwrap().scheduled_at, at(first));
        for tick in ticks {
            let (after, _) = series.advance(at(tick)).unwrap();
            assert_eq!(after.state, SeriesState::Running { next_at: at(next) }, "{tick}");
        }
    }
}

/// Pacific/Apia had no 30 December 2011: what falls on it is due with the next day's, at one instant, and comes once.
#[test]
fn a_day_that_a_zone_skips_makes_no_second_post() {
    let daily = new(Rule::Day { interval: 1 }, "2011-12-29T10:00", "Pacific/Apia", None);
    let found = all(daily, "2011-12-01T00:00:00Z", 4);
    let expected = [
        ("s:2011-12-29", "2011-12-29T20:00:00.000Z"),
        ("s:2011-12-30", "2011-12-30T20:00:00.000Z"),
        ("s:2012-01-01", "2011-12-31T20:00:00.000Z"),
        ("s:2012-01-02", "2012-01-01T20:00:00.000Z"),
    ];
    assert_eq!(found, expected.map(|(id, at)| (id.to_owned(), at.to_owned())));
}

/// An anchor may be as long ago as a calendar reaches.
#[test]
fn an_anchor_of_long_ago_still_has_a_next_one() {
    let rules = [
        (Rule::Day { interval: 1 }, "2026-11-21T08:00:00Z"),
        (Rule::Week { interval: 1, days: Vec::new() }, "2026-11-26T08:00:00Z"),
        (Rule::Month { interval: 1 }, "2026-12-01T08:00:00Z"),
    ];
    for (rule, next) in rules {
        let old = new(rule.clone(), "1970-01-01T09:00", "Europe/Berlin", None);
        let made = create(old, "2026-11-20T12:00:00Z");
        assert_eq!(made.map(|(series, _)| series.due_at()), Ok(Some(at(next))), "{rule:?}");
    }
}
