//! Retries and leases at their edges.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::time::Duration;

use posts::{
    AccountId, Class, Delivery, DeliveryClaim, DeliveryState, DeliveryStatus, ErrorClass, Jitter,
    Outcome, PostId, Settings, Timestamp, Worker, WorkspaceId, delivery_id, idem_key, limits,
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
        maybe_sent: false,
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
    let released = take(&queued(), START, &settings).release(START).unwrap();
    assert_eq!((released.status(), released.claims), (DeliveryStatus::Queued, 0));
    let lost = try_once(&queued(), &Outcome::Unknown { message: "m".to_owned() }, START, &settings);
    let released = take(&lost, lost.due_at().unwrap(), &settings).release(START).unwrap();
    assert!(matches!(released.state, DeliveryState::Unknown { .. }));
    assert!(lost.release(START).is_err() && lost.arm(START).is_err());
}
