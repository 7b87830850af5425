//! Series in wall time, over both edges of summer time.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod dst;

use posts::{
    Account, AccountId, AccountStatus, Caller, Day, NewSeries, Post, Rule, Series, SeriesId,
    SeriesState, Timestamp, UserId, WorkspaceId,
};

fn at(text: &str) -> Timestamp {
    serde_json::from_value(text.into()).unwrap()
}

fn account() -> Account {
    Account {
        id: AccountId::parse("a").unwrap(),
        workspace_id: WorkspaceId::parse("w").unwrap(),
        platform: "p".to_owned(),
        name: String::new(),
        url: String::new(),
        remote_id: String::new(),
        created_by: UserId::parse("u").unwrap(),
        created_at: at("2026-01-01T00:00:00Z"),
        status: AccountStatus::Connected,
        limits: None,
        version: 1,
    }
}

fn new(rule: Rule, local_time: &str, tz: &str, until: Option<&str>) -> NewSeries {
    NewSeries {
        media: Vec::new(),
        workspace_id: None,
        text: "t".to_owned(),
        accounts: vec![account().id],
        rule,
        local_time: local_time.to_owned(),
        tz: tz.to_owned(),
        until: until.map(str::to_owned),
    }
}

fn create(new: NewSeries, now: &str) -> Result<(Series, Post), Vec<posts::FieldError>> {
    let caller = Caller {
        user_id: UserId::parse("u").unwrap(),
        workspaces: vec![WorkspaceId::parse("w").unwrap()],
    };
    Series::create(SeriesId::parse("s").unwrap(), &caller, new, &[account()], at(now))
}

/// The posts of a series whose ticker never sleeps: id and due time.
fn all(new: NewSeries, now: &str, most: usize) -> Vec<(String, String)> {
    let (mut series, first) = create(new, now).unwrap();
    let mut posts = vec![first];
    while let SeriesState::Running { next_at } = series.state {
        let (next, post) = series.advance(next_at).unwrap();
        series = next;
        posts.extend(post);
        if posts.len() >= most {
            break;
        }
    }
    let due = |post: &Post| post.when().unwrap().scheduled_at.to_string();
    posts.iter().map(|post| (post.id.to_string(), due(post))).collect()
}

#[test]
fn a_daily_series_keeps_its_wall_time_over_both_edges() {
    let daily = || Rule::Day { interval: 1 };
    let autumn = new(daily(), "2026-10-31T01:30", "America/New_York", Some("2026-11-02"));
    let expected = [
        ("s:2026-10-31", "2026-10-31T05:30:00.000Z"),
        ("s:2026-11-01", "2026-11-01T05:30:00.000Z"),
        ("s:2026-11-02", "2026-11-02T06:30:00.000Z"),
    ];
    let expected = expected.map(|(id, at)| (id.to_owned(), at.to_owned()));
    assert_eq!(all(autumn, "2026-10-30T00:00:00Z", 9), expected);
    let spring = new(daily(), "2027-03-13T02:30", "America/New_York", Some("2027-03-15"));
    let expected = [
        ("s:2027-03-13", "2027-03-13T07:30:00.000Z"),
        // 02:30 does not exist on that day: it is 03:30.
        ("s:2027-03-14", "2027-03-14T07:30:00.000Z"),
        ("s:2027-03-15", "2027-03-15T06:30:00.000Z"),
    ];
    let expected = expected.map(|(id, at)| (id.to_owned(), at.to_owned()));
    assert_eq!(all(spring, "2027-03-12T00:00:00Z", 9), expected);
}

#[test]
fn weeks_and_months_count_from_the_anchor() {
    let days = |rule, local, until| {
        let posts = all(new(rule, local, "UTC", Some(until)), "2026-01-01T00:00:00Z", 20);
        posts.into_iter().map(|(id, _)| id[2..].to_owned()).collect::<Vec<_>>()
    };
    // A Friday; every other week on Monday and Friday.
    let rule = Rule::Week { interval: 2, days: vec![Day::Mon, Day::Fri] };
    let expected = ["2026-01-02", "2026-01-12", "2026-01-16", "2026-01-26", "2026-01-30"];
    assert_eq!(days(rule, "2026-01-02T09:00", "2026-02-01"), expected);
    let rule = Rule::Week { interval: 1, days: Vec::new() };
    assert_eq!(
        days(rule, "2026-01-02T09:00", "2026-01-17"),
        ["2026-01-02", "2026-01-09", "2026-01-16"]
    );
    let rule = Rule::Month { interval: 1 };
    let expected = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"];
    assert_eq!(days(rule, "2026-01-31T09:00", "2026-05-01"), expected, "the 31st does not drift");
}

#[test]
fn a_late_series_does_not_fire_its_backlog() {
    let daily = new(Rule::Day { interval: 1 }, "2026-11-01T09:00", "Europe/Berlin", None);
    let (series, _) = create(daily, "2026-10-31T00:00:00Z").unwrap();
    assert_eq!(series.advance(at("2026-11-01T07:59:59Z")), None);
    let (series, post) = series.advance(at("2026-11-20T12:00:00Z")).unwrap();
    assert_eq!(post.unwrap().id.as_str(), "s:2026-11-21");
    assert_eq!(series.due_at(), Some(at("2026-11-21T08:00:00Z")));
    assert!(series.stop().unwrap().stop().is_err());
}

#[test]
fn what_cannot_come_again_is_refused() {
    let daily = || Rule::Day { interval: 1 };
    let codes = |new| -> Vec<_> {
        let errors = create(new, "2026-11-20T00:00:00Z").unwrap_err();
        errors.into_iter().map(|error| (error.field, error.code)).collect()
    };
    for tz in ["EST", "Etc/GMT+5", "CET"] {
        let found = codes(new(daily(), "2026-11-20T09:00", tz, None));
        assert_eq!(found, [("tz".to_owned(), "not_a_place")], "{tz}");
    }
    let found = codes(new(Rule::Month { interval: 0 }, "tomorrow", "UTC", Some("2027")));
    let fields: Vec<_> = found.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["local_time", "rule.interval", "until"]);
    let over = codes(new(daily(), "2020-01-01T09:00", "UTC", Some("2020-02-01")));
    assert_eq!(over, [("until".to_owned(), "nothing_left")]);
    let old = new(daily(), "2020-01-01T09:00", "UTC", None);
    let (_, first) = create(old, "2026-11-20T10:00:00Z").unwrap();
    assert_eq!(first.id.as_str(), "s:2026-11-21", "an anchor may be long ago");
}
