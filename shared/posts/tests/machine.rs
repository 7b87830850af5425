//! The life of posts and deliveries against a small model: random answers, crashes, times and classes.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::time::Duration;

use posts::{
    Account, AccountId, AccountStatus, Caller, Class, Delivery, DeliveryClaim, DeliveryState,
    DeliveryStatus, ErrorClass, Jitter, Look, NewPost, Outcome, Post, PostClaim, PostId,
    PostStatus, Remote, Settings, Timestamp, UserId, Worker, WorkspaceId, limits,
};
use proptest::prelude::*;

const START: Timestamp = Timestamp::from_ms(1_795_161_600_000);

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Claim(u8),
    Arm,
    Release,
    /// The platform did this, and the answer arrives.
    Answer(Doing),
    /// The platform did this, and the worker dies before it stores the answer.
    Die(Doing),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Doing {
    Publish,
    Lose,
    Nothing,
    Limit,
    Refuse,
    Duplicate,
}

fn step() -> impl Strategy<Value = Step> {
    let doing = prop_oneof![
        Just(Doing::Publish),
        Just(Doing::Lose),
        Just(Doing::Nothing),
        Just(Doing::Limit),
        Just(Doing::Refuse),
        Just(Doing::Duplicate),
    ];
    prop_oneof![
        3 => (0_u64..600).prop_map(Step::Wait),
        4 => (0_u8..3).prop_map(Step::Claim),
        4 => Just(Step::Arm),
        1 => Just(Step::Release),
        3 => doing.clone().prop_map(Step::Answer),
        1 => doing.prop_map(Step::Die),
    ]
}

fn class() -> impl Strategy<Value = Class> {
    prop_oneof![
        Just(Class::Idempotent),
        Just(Class::IdempotentFor(Duration::from_secs(120))),
        Just(Class::Verifiable),
        Just(Class::Opaque),
    ]
}

/// What is true outside: what the platform has, and how often it could have shown it twice.
#[derive(Debug, Default)]
struct Model {
    /// Rows on a platform that does not know keys: each publishing call is one.
    calls_that_published: u32,
    published_before: bool,
    /// The worker died: only a claim moves what it left.
    dead: bool,
}

fn outcome(doing: Doing) -> Outcome {
    let message = "m".to_owned();
    match doing {
        Doing::Publish => Outcome::Published { remote_id: None, remote_url: None },
        Doing::Lose => Outcome::Unknown { message },
        Doing::Nothing => {
            Outcome::NotSent { class: ErrorClass::Network, message, retry_after_s: None }
        }
        Doing::Limit => Outcome::RateLimited { retry_after_s: Some(30), message },
        Doing::Refuse => {
            Outcome::Refused { class: ErrorClass::Invalid, message, http_status: None }
        }
        Doing::Duplicate => {
            Outcome::Refused { class: ErrorClass::Duplicate, message, http_status: None }
        }
    }
}

fn scheduled() -> Post {
    let workspace = WorkspaceId::parse("w").unwrap();
    let account = Account {
        id: AccountId::parse("a").unwrap(),
        workspace_id: workspace.clone(),
        platform: "p".to_owned(),
        name: String::new(),
        url: String::new(),
        remote_id: String::new(),
        created_by: UserId::parse("u").unwrap(),
        created_at: START,
        status: AccountStatus::Connected,
        limits: None,
        version: 1,
    };
    let caller = Caller { user_id: UserId::parse("u").unwrap(), workspaces: vec![workspace] };
    let new = NewPost {
        text: "t".to_owned(),
        accounts: vec![account.id.clone()],
        scheduled_at: Some(START),
        ..NewPost::default()
    };
    Post::create(PostId::parse("p").unwrap(), &caller, new, &[account], START).unwrap()
}

fn claimed() -> (Post, Delivery) {
    match scheduled().claim(START, &Settings::default()) {
        PostClaim::Taken(post, mut deliveries) => (post, deliveries.remove(0)),
        other => panic!("{other:?}"),
    }
}

fn worker(run: u8) -> Worker {
    Worker { process: "p".to_owned(), run: run.to_string() }
}

/// One step of the worker. Gives the delivery's next version, if the step was allowed.
fn go(
    delivery: &Delivery,
    step: &Step,
    class: Class,
    now: Timestamp,
    model: &mut Model,
) -> Option<Delivery> {
    let settings = Settings::default();
    match step {
        Step::Wait(_) => None,
        Step::Claim(run) => match delivery.claim(&worker(*run), class, now, &settings) {
            DeliveryClaim::NotDue => None,
            DeliveryClaim::Taken(next) | DeliveryClaim::Over(next) | DeliveryClaim::Later(next) => {
                model.dead = false;
                Some(next)
            }
        },
        Step::Arm | Step::Release | Step::Answer(_) | Step::Die(_) if model.dead => None,
        Step::Arm if delivery.must_look(class, now) => {
            // The platform can be read only if its class says so, and then it tells the truth.
            let there = model.calls_that_published > 0;
            let found = Look::Found(Remote { id: "1".to_owned(), url: None });
            delivery.looked(if there { found } else { Look::NotThere }, now, &settings).ok()
        }
        Step::Arm => delivery.arm(now).ok(),
        Step::Release => delivery.release(now).ok(),
        Step::Answer(doing) | Step::Die(doing) => {
            let DeliveryState::Armed { .. } = delivery.state else { return None };
            let sends = matches!(doing, Doing::Publish | Doing::Lose);
            model.calls_that_published += u32::from(sends);
            model.published_before |= sends;
            if matches!(step, Step::Die(_)) {
                model.dead = true;
                return None;
            }
            Some(
                delivery
                    .settle(outcome(*doing), class, Jitter::from_unit(0.5), now, &settings)
                    .unwrap(),
            )
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_delivery_keeps_its_promises(class in class(), steps in prop::collection::vec(step(), 1..60)) {
        let (_, mut delivery) = claimed();
        let mut model = Model::default();
        let mut now = START;
        for step in steps {
            if let Step::Wait(seconds) = step {
                now = now.plus(Duration::from_secs(seconds));
            }
            let Some(next) = go(&delivery, &step, class, now, &mut model) else { continue };
            prop_assert!(!delivery.is_over(), "left {:?} by {step:?}", delivery.state);
            prop_assert_eq!(next.version, delivery.version + 1);
            prop_assert_eq!((&next.id, &next.idem_key), (&delivery.id, &delivery.idem_key));
            prop_assert!(next.attempt <= limits::ATTEMPTS && next.claims <= limits::CLAIMS);
            prop_assert_eq!(next.due_at().is_none(), next.is_over());
            delivery = next;
        }
        if class == Class::Opaque || class == Class::Verifiable {
            prop_assert!(model.calls_that_published <= 1, "published twice");
        }
        if delivery.status() == DeliveryStatus::Failed {
            prop_assert!(!model.published_before, "failed, but the platform has it");
        }
    }

    #[test]
    fn a_post_moves_forward_only(verbs in prop::collection::vec(0_u8..6, 1..30)) {
        let mut post = scheduled();
        let mut deliveries = Vec::new();
        let mut ends = 0;
        for verb in verbs {
            let now = START.plus(Duration::from_secs(1));
            let next = match verb {
                0 => post.edit(Default::default(), &[], &[], now).ok(),
                1 => post.cancel(now).ok(),
                2 => post.publish_now(now).ok(),
                3 => match post.claim(now, &Settings::default()) {
                    PostClaim::Taken(next, made) => {
                        deliveries = made;
                        Some(next)
                    }
                    PostClaim::Missed(next) => Some(next),
                    PostClaim::NotDue => None,
                },
                4 => {
                    deliveries = deliveries.iter().map(|d| published(d, now)).collect();
                    None
                }
                _ => post.roll_up(&deliveries, now),
            };
            let Some(next) = next else { continue };
            prop_assert!(next.version > post.version);
            let open = matches!(post.status(), PostStatus::Draft | PostStatus::Scheduled);
            prop_assert!(open || post.status() == PostStatus::Publishing, "left {:?}", post.status());
            if post.status() == PostStatus::Publishing {
                prop_assert_eq!(next.status(), PostStatus::Published);
                prop_assert!(deliveries.iter().all(|d| next.version > d.version), "the end has the highest seq");
                ends += 1;
            }
            post = next;
        }
        prop_assert!(ends <= 1);
    }
}

fn published(delivery: &Delivery, now: Timestamp) -> Delivery {
    let settings = Settings::default();
    let DeliveryClaim::Taken(mine) = delivery.claim(&worker(1), Class::Opaque, now, &settings)
    else {
        return delivery.clone();
    };
    let armed = mine.arm(now).unwrap();
    armed
        .settle(outcome(Doing::Publish), Class::Opaque, Jitter::from_unit(0.5), now, &settings)
        .unwrap()
}
