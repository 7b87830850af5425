//! Retries and leases at their edges.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::time::Duration;

use posts::{
    AccountId, Class, Delivery, DeliveryClaim, DeliveryState, DeliveryStatus, ErrorClass, Jitter,
    Look, Outcome, PostId, Remote, Settings, Timestamp, Worker, WorkspaceId, delivery_id, idem_key,
    limits,
};

const START: Timestamp = Timestamp::from_ms(1_795_161_600_000);

fn queued() -> Delivery {
    let (post_id, account_id) = (PostId::parse("p").unwrap(), AccountId::parse("a").unwrap());
    let id = delivery_id(&post_id, &account_id, 1);
    Delivery {
        idem_key: idem_key(&id, 0),
        id,
        post_id,
        workspace_id: WorkspaceId::parse("w").unwrap(),
        account_id,
        platform: "p".to_owned(),
        scheduled_at: START,
        generation: 0,
        attempt: 0,
        claims: 0,
        version: 1,
        first_armed_at: None,
        publish_by: None,
        maybe_sent: false,
        looks: Default::default(),
        prepared: None,
        state: DeliveryState::Queued { next_attempt_at: START },
        last_error: None,
    }
}

fn me() -> Worker {
    Worker { process: "p".to_owned(), run: "r".to_owned() }
}

fn take(delivery: &Delivery, now: Timestamp, settings: &Settings) -> Delivery {
    match delivery.claim(&me(), Class::Idempotent, now, settings) {
        DeliveryClaim::Taken(mine) => mine,
        other => panic!("{other:?}"),
    }
}

fn try_once(
    delivery: &Delivery,
    outcome: &Outcome,
    now: Timestamp,
    settings: &Settings,
) -> Delivery {
    let armed = take(delivery, now, settings).arm(now).unwrap();
    armed.settle(outcome.clone(), Class::Idempotent, Jitter::from_unit(0.5), now, settings).unwrap()
}

fn not_sent(retry_after_s: Option<u64>) -> Outcome {
    Outcome::NotSent { class: ErrorClass::Network, message: "m".to_owned(), retry_after_s }
}

#[test]
fn waits_grow_as_the_schedule_says_and_end_after_six_attempts() {
    let settings = Settings { late: Duration::from_secs(24 * 3600), ..Settings::default() };
    let (mut delivery, mut now) = (queued(), START);
    let mut minutes = Vec::new();
    loop {
        delivery = try_once(&delivery, &not_sent(None), now, &settings);
        let Some(next) = delivery.due_at() else { break };
        minutes.push(next.since(now).as_secs() / 60);
        now = next;
    }
    assert_eq!((minutes, delivery.attempt), (vec![1, 2, 5, 15, 30], 6));
    assert_eq!(delivery.status(), DeliveryStatus::Failed);
}

#[test]
fn no_attempt_is_planned_past_the_late_limit() {
    let settings = Settings::default();
    let hour = u64::from(u32::try_from(limits::LATE.as_secs()).unwrap());
    assert_eq!(
        try_once(&queued(), &not_sent(Some(hour)), START, &settings).status(),
        DeliveryStatus::Retrying
    );
    assert_eq!(
        try_once(&queued(), &not_sent(Some(hour + 1)), START, &settings).status(),
        DeliveryStatus::Failed
    );
    let huge = try_once(&queued(), &not_sent(Some(u64::MAX)), START, &settings);
    assert_eq!(huge.status(), DeliveryStatus::Failed);
}

#[test]
fn a_rate_limit_costs_no_attempt_but_ends_with_the_late_limit() {
    let settings = Settings::default();
    let limited =
        Outcome::RateLimited { retry_after_s: Some(600), message: "slow down".to_owned() };
    let (mut delivery, mut now, mut tries) = (queued(), START, 0);
    while !delivery.is_over() {
        delivery = try_once(&delivery, &limited, now, &settings);
        tries += 1;
        now = delivery.due_at().unwrap_or(now);
    }
    assert_eq!((tries, delivery.attempt), (7, 0), "at 0, 10, … 60 minutes");
    assert_eq!(delivery.last_error.unwrap().class, ErrorClass::RateLimited);
}

#[test]
fn a_duplicate_after_an_unknown_outcome_is_the_first_one_found() {
    let settings = Settings::default();
    let duplicate = Outcome::Refused {
        class: ErrorClass::Duplicate,
        message: "again?".to_owned(),
        http_status: Some(409),
    };
    assert_eq!(try_once(&queued(), &duplicate, START, &settings).status(), DeliveryStatus::Failed);
    let lost = try_once(&queued(), &Outcome::Unknown { message: "m".to_owned() }, START, &settings);
    let found = try_once(&lost, &duplicate, lost.due_at().unwrap(), &settings);
    assert!(matches!(found.state, DeliveryState::Published { recovered: true, .. }));
}

#[test]
fn a_lease_holds_with_its_slack_unless_the_process_is_alone() {
    let settings = Settings::default();
    let mine = take(&queued(), START, &settings);
    let other = Worker { process: "q".to_owned(), run: "r".to_owned() };
    let slack = START.plus(limits::LEASE + limits::LEASE_SLACK);
    let claim = |who, now, settings| mine.claim(who, Class::Idempotent, now, settings);
    assert_eq!(claim(&other, slack, &settings), DeliveryClaim::NotDue);
    assert!(matches!(
        claim(&other, slack.plus(Duration::from_millis(1)), &settings),
        DeliveryClaim::Taken(_)
    ));
    let alone = Settings { alone: true, ..settings };
    assert!(matches!(claim(&other, START, &alone), DeliveryClaim::Taken(_)));
    assert_eq!(
        claim(&me(), START, &alone),
        DeliveryClaim::NotDue,
        "another run of this process is alive"
    );
}

#[test]
fn a_release_goes_back_to_where_it_was_and_costs_no_claim() {
    let settings = Settings::default();
    let released =
        take(&queued(), START, &settings).release(START.plus(Duration::from_secs(60))).unwrap();
    assert_eq!((released.status(), released.claims), (DeliveryStatus::Queued, 0));
    assert_eq!(released.due_at(), queued().due_at(), "before later ones of its account");
    let lost = try_once(&queued(), &Outcome::Unknown { message: "m".to_owned() }, START, &settings);
    let released = take(&lost, lost.due_at().unwrap(), &settings).release(START).unwrap();
    assert!(matches!(released.state, DeliveryState::Unknown { .. }));
    assert!(lost.release(START).is_err() && lost.arm(START).is_err());
}

fn lost() -> Outcome {
    Outcome::Unknown { message: "m".to_owned() }
}

fn take_readable(delivery: &Delivery, now: Timestamp) -> Delivery {
    match delivery.claim(&me(), Class::Verifiable, now, &Settings::default()) {
        DeliveryClaim::Taken(mine) => mine,
        other => panic!("{other:?}"),
    }
}

fn lose_readable(mine: &Delivery, now: Timestamp) -> Delivery {
    let (jitter, settings) = (Jitter::from_unit(0.5), Settings::default());
    mine.arm(now).unwrap().settle(lost(), Class::Verifiable, jitter, now, &settings).unwrap()
}

#[test]
fn two_looks_that_see_nothing_allow_one_more_attempt() {
    let (settings, minute) = (Settings::default(), Duration::from_secs(60));
    let mut delivery = lose_readable(&take_readable(&queued(), START), START);
    for round in 1..=2_u32 {
        let now = START.plus(minute * round);
        assert_eq!(delivery.due_at(), Some(now), "a minute apart");
        let mine = take_readable(&delivery, now);
        assert!(mine.must_look(Class::Verifiable, now));
        delivery = mine.looked(Look::NotThere, now, &settings).unwrap();
    }
    let now = START.plus(minute * 2);
    let mine = take_readable(&delivery, now);
    assert!(!mine.must_look(Class::Verifiable, now), "now it may be sent");
    let mut delivery = lose_readable(&mine, now);
    for round in 3..=4_u32 {
        let now = START.plus(minute * round);
        let mine = take_readable(&delivery, now);
        assert!(mine.must_look(Class::Verifiable, now));
        delivery = mine.looked(Look::NotThere, now, &settings).unwrap();
    }
    assert_eq!((delivery.status(), delivery.attempt), (DeliveryStatus::Unconfirmed, 2));
}

#[test]
fn a_look_finds_it_or_gives_up_after_five() {
    let settings = Settings::default();
    let mut delivery = lose_readable(&take_readable(&queued(), START), START);
    let first = take_readable(&delivery, delivery.due_at().unwrap());
    let remote = Remote { id: "7".to_owned(), url: Some("https://example.com/7".to_owned()) };
    let found = first.looked(Look::Found(remote), START, &settings).unwrap();
    assert!(matches!(found.state, DeliveryState::Published { recovered: true, .. }));
    let mut looks = 0;
    while let Some(now) = delivery.due_at() {
        delivery = take_readable(&delivery, now).looked(Look::Unreadable, now, &settings).unwrap();
        looks += 1;
    }
    assert_eq!((looks, delivery.status()), (limits::LOOKS, DeliveryStatus::Unconfirmed));
}

#[test]
fn after_a_long_stop_it_is_looked_for_but_not_sent() {
    let settings = Settings::default();
    let armed = take_readable(&queued(), START).arm(START).unwrap();
    let three_hours = START.plus(Duration::from_secs(3 * 3600));
    let mine = take_readable(&armed, three_hours);
    assert!(mine.must_look(Class::Verifiable, three_hours));
    let once = mine.looked(Look::NotThere, three_hours, &settings).unwrap();
    let later = once.due_at().unwrap();
    let twice = take_readable(&once, later).looked(Look::NotThere, later, &settings).unwrap();
    assert_eq!(twice.status(), DeliveryStatus::Unconfirmed);
}

#[test]
fn an_attempt_that_surely_did_nothing_may_be_repeated_after_the_looks() {
    let settings = Settings::default();
    let mut delivery = lose_readable(&take_readable(&queued(), START), START);
    for _ in 0..2 {
        let now = delivery.due_at().unwrap();
        delivery = take_readable(&delivery, now).looked(Look::NotThere, now, &settings).unwrap();
    }
    for _ in 0..2 {
        let now = delivery.due_at().unwrap();
        let mine = take_readable(&delivery, now);
        assert!(!mine.must_look(Class::Verifiable, now));
        let (jitter, class) = (Jitter::from_unit(0.5), Class::Verifiable);
        let armed = mine.arm(now).unwrap();
        delivery = armed.settle(not_sent(None), class, jitter, now, &settings).unwrap();
    }
}

#[test]
fn a_delivery_without_its_account_waits_until_it_is_too_late() {
    let settings = Settings::default();
    let refused = Outcome::Refused {
        class: ErrorClass::Auth,
        message: "m".to_owned(),
        http_status: Some(401),
    };
    let waiting = try_once(&queued(), &refused, START, &settings);
    assert_eq!(waiting.status(), DeliveryStatus::WaitingAccount);
    let back = waiting.reconnected(START.plus(Duration::from_secs(60))).unwrap();
    assert_eq!((back.status(), back.generation), (DeliveryStatus::Queued, 0));
    let late = START.plus(limits::LATE);
    let claim = |now| waiting.claim(&me(), Class::Idempotent, now, &settings);
    assert_eq!(claim(late), DeliveryClaim::NotDue);
    let DeliveryClaim::Over(over) = claim(late.plus(Duration::from_millis(1))) else { panic!() };
    assert_eq!(over.last_error.unwrap().class, ErrorClass::Missed);
}
