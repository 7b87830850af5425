//! The whole of publishing, from the verb to the wire: the machine, the adapters, and the fakes' ledgers as the oracle.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod containers;
mod cut;
mod limits;
mod media;
mod oauth;
mod world;

use fakes::{Fault, Kind};
use posts::{Class, DeliveryStatus, ErrorClass, PostStatus, PublishTo};
use tokio::task::JoinSet;

use cut::Stop;
use world::World;

/// Every platform that takes a text alone, with the fake that plays it.
pub(crate) const ALL: [(&str, Kind); 11] = [
    ("bluesky", Kind::Bluesky),
    ("discord", Kind::Discord),
    ("facebook", Kind::Facebook),
    ("linkedin", Kind::LinkedIn),
    ("linkedin_page", Kind::LinkedIn),
    ("mastodon", Kind::Mastodon),
    ("slack", Kind::Slack),
    ("telegram", Kind::Telegram),
    ("threads", Kind::Threads),
    ("webhook", Kind::Webhook),
    ("x", Kind::X),
];

/// Connects an account, schedules a post, plays the faults and ticks until the post is over.
async fn story(
    name: &'static str,
    kind: Kind,
    faults: Vec<Fault>,
) -> (World, DeliveryStatus, usize) {
    let world = World::new(name, kind).await;
    world.fake.play(faults);
    let end = world.publish("One post & <nothing> more").await;
    let rows = world.fake.ledger().len();
    (world, end.status, rows)
}

#[tokio::test]
async fn a_post_is_published_once_on_every_platform() {
    for (name, kind) in ALL {
        let (_, status, rows) = story(name, kind, Vec::new()).await;
        assert_eq!((status, rows), (DeliveryStatus::Published, 1), "{name}");
    }
}

#[tokio::test]
async fn no_fault_makes_two_posts_or_a_lie() {
    let faults = [
        Fault::RateLimited,
        Fault::Invalid,
        Fault::Redirect(302),
        Fault::Redirect(307),
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::CloseAfter,
        Fault::SilentAfter,
        Fault::Truncated,
        Fault::Trickle,
    ];
    let mut stories = JoinSet::new();
    for (name, kind) in ALL {
        for fault in faults {
            // One after the other: making tables takes its time, and calls have a limit.
            let world = World::new(name, kind).await;
            stories.spawn(async move {
                world.fake.play([fault]);
                let status = world.publish("One post & <nothing> more").await.status;
                (name, fault, world.platforms.class(name), status, world.fake.ledger().len())
            });
        }
    }
    while let Some(story) = stories.join_next().await {
        let (name, fault, class, status, rows) = story.unwrap();
        let opaque = class == Some(Class::Opaque);
        let expected = match fault {
            Fault::RateLimited => (DeliveryStatus::Published, 1),
            Fault::Invalid | Fault::Redirect(_) => (DeliveryStatus::Failed, 0),
            Fault::ErrorBefore if opaque => (DeliveryStatus::Unconfirmed, 0),
            _ if opaque => (DeliveryStatus::Unconfirmed, 1),
            _ => (DeliveryStatus::Published, 1),
        };
        assert_eq!((status, rows), expected, "{name} {fault:?}");
    }
}

#[tokio::test]
async fn two_faults_in_a_row_make_one_post() {
    for (name, kind) in [
        ("bluesky", Kind::Bluesky),
        ("mastodon", Kind::Mastodon),
        ("x", Kind::X),
        ("threads", Kind::Threads),
        ("webhook", Kind::Webhook),
    ] {
        for second in [Fault::CloseAfter, Fault::RateLimited, Fault::ErrorBefore] {
            let (world, status, rows) = story(name, kind, vec![Fault::ErrorBefore, second]).await;
            // What was not there after two looks is sent again once, and not twice.
            let spent = world.platforms.class(name) == Some(Class::Verifiable)
                && second == Fault::ErrorBefore;
            let expected = if spent {
                (DeliveryStatus::Unconfirmed, 0)
            } else {
                (DeliveryStatus::Published, 1)
            };
            assert_eq!((status, rows), expected, "{name} {second:?}");
        }
    }
}

#[tokio::test]
async fn a_session_that_ends_is_renewed_on_the_way() {
    let world = World::new("bluesky", Kind::Bluesky).await;
    world.fake.play([Fault::Unauthorized]);
    let end = world.publish("With a new session").await;
    assert_eq!((end.status, world.fake.ledger().len()), (DeliveryStatus::Published, 1));
    let refreshed = |call: &&String| call.ends_with("refreshSession");
    assert_eq!(world.fake.calls().iter().filter(refreshed).count(), 1);
}

#[tokio::test]
async fn access_that_was_taken_back_waits_for_its_owner() {
    for (name, kind) in [("mastodon", Kind::Mastodon), ("telegram", Kind::Telegram)] {
        let world = World::new(name, kind).await;
        world.fake.play([Fault::Unauthorized]);
        let end = world.publish("Waiting").await;
        assert_eq!(end.status, DeliveryStatus::WaitingAccount, "{name}");
        assert_eq!(end.error.unwrap().error.class, ErrorClass::Auth, "{name}");
        assert_eq!(world.fake.ledger().len(), 0, "{name}");
    }
}

/// Platforms of every class, with and without something to prepare.
const CLASSES: [(&str, Kind); 6] = [
    ("webhook", Kind::Webhook),
    ("bluesky", Kind::Bluesky),
    ("mastodon", Kind::Mastodon),
    ("x", Kind::X),
    ("threads", Kind::Threads),
    ("telegram", Kind::Telegram),
];

/// Stops the server before and after each write of a run, starts another one, and looks into the ledger: there is one
/// post, or for a class that cannot be asked there may be, and a person is told so.
#[tokio::test]
async fn a_stop_at_any_write_makes_one_post() {
    for (name, kind) in CLASSES {
        for alone in [false, true] {
            let mut stops = 0;
            for stop in (1..).flat_map(|n| [Stop::Before(n), Stop::After(n)]) {
                let world = World::of(name, kind, alone).await;
                world.cut.at(stop);
                let (post, delivery, stopped) = world.publish_with_a_stop("One & only").await;
                let rows = world.fake.ledger().len();
                let case = format!("{name}, alone: {alone}, {stop:?}: {delivery:?}");
                match delivery.status {
                    DeliveryStatus::Unconfirmed => {
                        let class = world.platforms.class(name);
                        assert!(rows <= 1 && class == Some(Class::Opaque) && stopped, "{case}");
                        assert_eq!(post, PostStatus::Failed, "{case}");
                    }
                    status => {
                        assert_eq!((status, rows), (DeliveryStatus::Published, 1), "{case}");
                        assert_eq!(post, PostStatus::Published, "{case}");
                    }
                }
                if !stopped {
                    break;
                }
                stops += 1;
            }
            assert!(stops >= 10, "{name}, alone: {alone}: only {stops} stops");
        }
    }
}

#[tokio::test]
async fn nothing_that_is_logged_or_told_shows_a_secret() {
    let faults = [
        Fault::Unauthorized,
        Fault::RateLimited,
        Fault::Invalid,
        Fault::Redirect(302),
        Fault::Redirect(307),
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::CloseAfter,
        Fault::SilentAfter,
        Fault::Truncated,
        Fault::Trickle,
    ];
    let logged = world::capture();
    let mut stories = JoinSet::new();
    for (name, kind) in ALL {
        for fault in faults {
            let world = World::new(name, kind).await;
            stories.spawn(async move {
                world.fake.play([fault]);
                world.publish("One post & <nothing> more").await;
                (name, fault, world.told())
            });
        }
    }
    while let Some(story) = stories.join_next().await {
        let (name, fault, told) = story.unwrap();
        for secret in world::SECRETS {
            assert!(!told.contains(secret), "{name} {fault:?} tells {secret}");
        }
    }
    let logged = logged.text();
    assert!(logged.contains("hyper"), "nothing was captured");
    for secret in world::SECRETS {
        assert!(!logged.contains(secret), "logged: {secret}");
    }
}
