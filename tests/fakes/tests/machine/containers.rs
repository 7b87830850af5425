//! Containers of Instagram and Threads that are not there any more when they are needed: they live for a day.

use std::time::Duration;

use fakes::{Fault, Kind};
use posts::{DeliveryStatus, ErrorClass, NewMedium, PostId};

use crate::world::{World, now, pictures};

const BOTH: [(&str, Kind); 2] = [("instagram", Kind::Instagram), ("threads", Kind::Threads)];

/// What happens to a container meanwhile.
#[derive(Debug, Clone, Copy)]
enum End {
    Expired,
    Gone,
}

impl End {
    fn of_all_in(self, world: &World) {
        match self {
            Self::Expired => world.fake.expire_containers(),
            Self::Gone => world.fake.forget_containers(),
        }
    }
}

/// Instagram takes no text alone.
async fn media(name: &str) -> Vec<NewMedium> {
    let mut media = if name == "instagram" { pictures().await } else { Vec::new() };
    media.truncate(1);
    media
}

async fn scheduled(name: &'static str, kind: Kind) -> (World, PostId) {
    let world = World::public(name, kind).await;
    let id = world.create("One & only", media(name).await).await.unwrap();
    (world, id)
}

/// How many containers were made.
fn made(world: &World) -> usize {
    let made = |call: &&String| call.ends_with("/media") || call.ends_with("/threads");
    world.fake.calls().iter().filter(|call| call.starts_with("POST ")).filter(made).count()
}

#[tokio::test]
async fn a_container_that_is_lost_while_it_is_waited_for_is_made_anew() {
    for (name, kind) in BOTH {
        for end in [End::Expired, End::Gone] {
            let (world, id) = scheduled(name, kind).await;
            world.fake.work_for(9);
            world.server.tick(now()).await;
            assert_eq!((made(&world), world.fake.ledger().len()), (1, 0), "{name} {end:?}");
            world.fake.work_for(1);
            end.of_all_in(&world);
            let delivery = world.end_of(&id).await;
            assert_eq!(delivery.status, DeliveryStatus::Published, "{name} {end:?}: {delivery:?}");
            assert_eq!((made(&world), world.fake.ledger().len()), (2, 1), "{name} {end:?}");
        }
    }
}

#[tokio::test]
async fn a_container_that_expires_when_it_is_published_is_made_anew() {
    for (name, kind) in BOTH {
        let (world, id) = scheduled(name, kind).await;
        world.fake.expire_at_publish();
        let delivery = world.end_of(&id).await;
        assert_eq!(delivery.status, DeliveryStatus::Published, "{name}: {delivery:?}");
        assert_eq!((made(&world), world.fake.ledger().len()), (2, 1), "{name}");
    }
}

/// Nobody knows what came of the attempt, and then the container is lost: what was published is found, and what was not is
/// published once.
#[tokio::test]
async fn a_container_that_is_lost_after_an_unknown_outcome_makes_no_second_post() {
    for (name, kind) in BOTH {
        for fault in [Fault::ErrorBefore, Fault::ErrorAfter, Fault::CloseAfter] {
            for end in [End::Expired, End::Gone] {
                let (world, id) = scheduled(name, kind).await;
                world.fake.play([fault]);
                world.server.tick(now()).await;
                end.of_all_in(&world);
                let delivery = world.end_of(&id).await;
                let case = format!("{name} {fault:?} {end:?}: {delivery:?}");
                assert_eq!(delivery.status, DeliveryStatus::Published, "{case}");
                assert_eq!(world.fake.ledger().len(), 1, "{case}");
                let expected = if fault == Fault::ErrorBefore { 2 } else { 1 };
                assert_eq!(made(&world), expected, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn containers_are_not_made_without_end() {
    for (name, kind) in BOTH {
        let (world, id) = scheduled(name, kind).await;
        world.fake.make_short_lived(usize::MAX);
        let delivery = world.end_of(&id).await;
        let error = delivery.error.unwrap().error;
        assert_eq!(delivery.status, DeliveryStatus::Failed, "{name}");
        assert_eq!(error.class, ErrorClass::PlatformUnavailable, "{name}");
        assert!(error.message.contains("expire again and again"), "{name}: {}", error.message);
        assert_eq!((made(&world), world.fake.ledger().len()), (4, 0), "{name}");
        // A person tries again: that counts from the beginning.
        world.fake.make_short_lived(2);
        world.server.retry_post(&world.me, &id, now()).await.unwrap();
        assert_eq!(world.end_of(&id).await.status, DeliveryStatus::Published, "{name}");
        assert_eq!((made(&world), world.fake.ledger().len()), (7, 1), "{name}");
    }
}

#[tokio::test]
async fn nothing_is_made_anew_when_it_is_too_late() {
    for (name, kind) in BOTH {
        let (world, id) = scheduled(name, kind).await;
        world.fake.work_for(9);
        world.server.tick(now()).await;
        world.fake.expire_containers();
        // The world's posts may be two hours late.
        world.server.tick(now().plus(Duration::from_secs(2 * 3600 + 60))).await;
        let delivery = world.end_of(&id).await;
        assert_eq!(delivery.status, DeliveryStatus::Failed, "{name}");
        assert_eq!(delivery.error.unwrap().error.class, ErrorClass::Missed, "{name}");
        assert_eq!((made(&world), world.fake.ledger().len()), (1, 0), "{name}");
    }
}
