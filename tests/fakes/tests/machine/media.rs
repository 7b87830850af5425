//! The same with pictures, which some platforms take as bytes and some fetch from this server.

use fakes::{Fault, Kind};
use posts::{Class, DeliveryStatus, PublishTo};
use publishing::Refusal;
use tokio::task::JoinSet;

use crate::ALL;
use crate::world::{World, pictures};

const TEXT: &str = "One post & <nothing> more";

/// Every platform: Instagram takes no text alone.
fn all() -> impl Iterator<Item = (&'static str, Kind)> {
    ALL.into_iter().chain([("instagram", Kind::Instagram)])
}

#[tokio::test]
async fn pictures_are_published_once_on_every_platform() {
    for (name, kind) in all() {
        let world = World::public(name, kind).await;
        let end = world.publish_with(TEXT, pictures().await).await;
        let ledger = world.fake.ledger();
        assert_eq!((end.status, ledger.len()), (DeliveryStatus::Published, 1), "{name}: {end:?}");
        assert_eq!(ledger[0].pictures, 2, "{name}");
    }
}

#[tokio::test]
async fn no_fault_makes_two_posts_with_pictures_or_a_lie() {
    let faults = [
        Fault::RateLimited,
        Fault::Invalid,
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::CloseAfter,
        Fault::SilentAfter,
        Fault::Truncated,
    ];
    let mut stories = JoinSet::new();
    for (name, kind) in all() {
        for fault in faults {
            let world = World::public(name, kind).await;
            stories.spawn(async move {
                world.fake.play([fault]);
                let status = world.publish_with(TEXT, pictures().await).await.status;
                (name, fault, world.platforms.class(name), status, world.fake.ledger())
            });
        }
    }
    while let Some(story) = stories.join_next().await {
        let (name, fault, class, status, ledger) = story.unwrap();
        let opaque = class == Some(Class::Opaque);
        let expected = match fault {
            Fault::RateLimited => (DeliveryStatus::Published, 1),
            Fault::Invalid => (DeliveryStatus::Failed, 0),
            Fault::ErrorBefore if opaque => (DeliveryStatus::Unconfirmed, 0),
            _ if opaque => (DeliveryStatus::Unconfirmed, 1),
            _ => (DeliveryStatus::Published, 1),
        };
        assert_eq!((status, ledger.len()), expected, "{name} {fault:?}");
        assert!(ledger.iter().all(|row| row.pictures == 2), "{name} {fault:?}");
    }
}

#[tokio::test]
async fn pictures_that_take_their_time_are_waited_for() {
    for (name, kind) in
        [("instagram", Kind::Instagram), ("threads", Kind::Threads), ("mastodon", Kind::Mastodon)]
    {
        let world = World::public(name, kind).await;
        world.fake.work_for(3);
        let end = world.publish_with(TEXT, pictures().await).await;
        assert_eq!(
            (end.status, world.fake.ledger().len()),
            (DeliveryStatus::Published, 1),
            "{name}"
        );
    }
}

#[tokio::test]
async fn platforms_that_fetch_need_a_public_address() {
    for (name, kind) in [
        ("facebook", Kind::Facebook),
        ("instagram", Kind::Instagram),
        ("threads", Kind::Threads),
        ("slack", Kind::Slack),
    ] {
        let world = World::new(name, kind).await;
        let refused = world.create(TEXT, pictures().await).await.unwrap_err();
        let Refusal::Invalid(errors) = refused else { panic!("{name}: {refused:?}") };
        assert_eq!(errors[0].code, "no_public_address", "{name}");
        assert!(errors[0].message.contains("PUBLIC_URL"), "{name}: {}", errors[0].message);
    }
    let world = World::public("instagram", Kind::Instagram).await;
    let Err(Refusal::Invalid(errors)) = world.create(TEXT, Vec::new()).await else {
        panic!("text")
    };
    assert_eq!((errors[0].field.as_str(), errors[0].code), ("media", "required"));
}
