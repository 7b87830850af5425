//! Every platform × every fault: exactly one row in the ledger, or none and a reason.

use fakes::{Fault, Kind};
use posts::{Class, ErrorClass, GateScope, Outcome, PublishTo};
use tokio::task::JoinSet;

use crate::setting::{ALL, End, Setting};

const TEXT: &str = "A fault & its <text>, e\u{301} 👍🏽";

/// Plays `fault` once and delivers; gives the end, what the attempts came to, and how many rows there are.
async fn play(name: &str, kind: Kind, fault: Fault) -> (End, Vec<Outcome>, usize) {
    let setting = Setting::new(name, kind, TEXT).await;
    setting.fake.play([fault]);
    let (end, outcomes) = setting.deliver().await;
    (end, outcomes, setting.fake.ledger().len())
}

fn class(name: &str) -> Class {
    crate::setting::platforms("http://127.0.0.1:1").class(name).unwrap()
}

#[tokio::test]
async fn without_a_fault_it_is_published_once() {
    for (name, kind) in ALL {
        let (end, outcomes, rows) = play(name, kind, Fault::Nothing).await;
        assert_eq!((end, rows), (End::Published, 1), "{name}");
        let [Outcome::Published { remote_id, remote_url }] = outcomes.as_slice() else {
            panic!("{name}: {outcomes:?}")
        };
        // Slack tells nothing, and a receiver of webhooks needs no address.
        assert_eq!(remote_id.is_some(), name != "slack", "{name}");
        assert_eq!(remote_url.is_some(), !matches!(name, "slack" | "webhook"), "{name}");
    }
}

#[tokio::test]
async fn definite_refusals_publish_nothing() {
    for (name, kind) in ALL {
        for (fault, expected) in [
            (Fault::Unauthorized, ErrorClass::Auth),
            (Fault::Invalid, ErrorClass::Invalid),
            (Fault::Redirect(302), ErrorClass::Invalid),
            (Fault::Redirect(307), ErrorClass::Invalid),
        ] {
            let (end, _, rows) = play(name, kind, fault).await;
            assert_eq!((end, rows), (End::Refused(expected), 0), "{name} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_first_duplicate_is_a_refusal() {
    for (name, kind) in ALL {
        let knows = matches!(name, "bluesky" | "facebook" | "linkedin" | "linkedin_page" | "x");
        let (end, _, rows) = play(name, kind, Fault::Duplicate).await;
        let duplicate = End::Refused(ErrorClass::Duplicate);
        assert_eq!((end == duplicate, rows), (knows || is_meta(name), 0), "{name}");
    }
}

/// Instagram and Threads share Facebook's errors.
fn is_meta(name: &str) -> bool {
    matches!(name, "instagram" | "threads")
}

#[tokio::test]
async fn a_limit_names_its_end_and_is_no_attempt_lost() {
    for (name, kind) in ALL {
        let (end, outcomes, rows) = play(name, kind, Fault::RateLimited).await;
        assert_eq!((end, rows), (End::Published, 1), "{name}");
        let Outcome::RateLimited { retry_after_s: Some(pause), .. } = outcomes[0] else {
            panic!("{name}: {outcomes:?}")
        };
        // LinkedIn names none: it is an hour, or less before midnight UTC.
        let range = if name.starts_with("linkedin") { 1..=3600 } else { 58..=60 };
        assert!(range.contains(&pause), "{name}: {pause}");
    }
}

#[tokio::test]
async fn a_limit_closes_the_account_for_its_time() {
    for (name, kind) in ALL {
        let setting = Setting::new(name, kind, TEXT).await;
        let state = setting.prepare().await.unwrap();
        setting.fake.play([Fault::RateLimited]);
        let answer = setting.platforms.publish(setting.request(1, state.as_deref())).await;
        let gate = answer.gate.unwrap_or_else(|| panic!("{name}: no gate"));
        assert!(gate.for_s > 0 && gate.scope == GateScope::Account, "{name}: {gate:?}");
    }
}

/// What is unknown by its nature: the post may be there or not.
const UNKNOWN: [Fault; 5] =
    [Fault::ErrorAfter, Fault::CloseAfter, Fault::SilentAfter, Fault::Truncated, Fault::Trickle];

#[tokio::test]
async fn a_lost_answer_never_makes_two() {
    let mut plays = JoinSet::new();
    for (name, kind) in ALL {
        for fault in UNKNOWN {
            plays.spawn(async move { (name, fault, play(name, kind, fault).await) });
        }
    }
    while let Some(played) = plays.join_next().await {
        let (name, fault, (end, outcomes, rows)) = played.unwrap();
        assert_eq!(rows, 1, "{name} {fault:?}: {outcomes:?}");
        let expected = match class(name) {
            Class::Opaque => End::Unconfirmed,
            // A webhook's error is an answer: it is simply sent again.
            _ if (name, fault) == ("webhook", Fault::ErrorAfter) => End::Published,
            _ => End::Recovered,
        };
        assert_eq!(end, expected, "{name} {fault:?}: {outcomes:?}");
    }
}

#[tokio::test]
async fn what_can_be_read_back_is_not_sent_again() {
    for (name, kind) in ALL.into_iter().filter(|(name, _)| class(name) == Class::Verifiable) {
        let (end, outcomes, rows) = play(name, kind, Fault::CloseAfter).await;
        assert_eq!((end, outcomes.len(), rows), (End::Recovered, 1, 1), "{name}");
    }
}

#[tokio::test]
async fn a_duplicate_after_doubt_proves_the_first() {
    // Two posts of the same words, the second one's answer lost: the guard says that it is there.
    for (name, kind) in
        [("x", Kind::X), ("linkedin_page", Kind::LinkedIn), ("facebook", Kind::Facebook)]
    {
        let setting = Setting::new(name, kind, TEXT).await;
        setting.fake.guard();
        setting.fake.play([Fault::ErrorBefore, Fault::Duplicate]);
        assert_eq!(setting.deliver().await.0, End::Recovered, "{name}");
        assert_eq!(setting.fake.ledger().len(), 0, "{name}: only the platform said so");
        assert_eq!(setting.deliver().await.0, End::Published, "{name}");
        assert_eq!(setting.deliver().await.0, End::Refused(ErrorClass::Duplicate), "{name}");
        assert_eq!(setting.fake.ledger().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn an_error_before_the_commit_is_made_good_where_that_is_safe() {
    for (name, kind) in ALL {
        let (end, outcomes, rows) = play(name, kind, Fault::ErrorBefore).await;
        let expected = match class(name) {
            Class::Opaque => (End::Unconfirmed, 0),
            _ if name == "webhook" => (End::Published, 1),
            // Sent again under doubt: whose row it is, nobody could tell apart, and it is one.
            _ => (End::Recovered, 1),
        };
        assert_eq!((end, rows), expected, "{name}: {outcomes:?}");
    }
}

#[tokio::test]
async fn faults_one_after_the_other_make_one_post() {
    for (name, kind) in ALL {
        let setting = Setting::new(name, kind, TEXT).await;
        setting.fake.play([
            Fault::RateLimited,
            Fault::ErrorBefore,
            Fault::CloseAfter,
            Fault::RateLimited,
        ]);
        let (end, outcomes) = setting.deliver().await;
        let rows = setting.fake.ledger().len();
        match class(name) {
            Class::Opaque => assert_eq!((end, rows), (End::Unconfirmed, 0), "{name}"),
            _ => assert_eq!((end, rows), (End::Recovered, 1), "{name}: {outcomes:?}"),
        }
    }
}

#[tokio::test]
async fn a_key_that_a_server_forgets_to_answer_is_looked_up() {
    // mastodon/mastodon#40399: a repeated key is recognised and answered with 500.
    let setting = Setting::new("mastodon", Kind::Mastodon, TEXT).await;
    setting.fake.play([Fault::CloseAfter, Fault::ErrorBefore]);
    let (end, outcomes) = setting.deliver().await;
    assert_eq!((end, outcomes.len(), setting.fake.ledger().len()), (End::Recovered, 2, 1));
}
