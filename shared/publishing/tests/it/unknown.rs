//! Outcomes that nobody knows, on platforms that can be read back.

use posts::{Class, DeliveryStatus, Outcome, PostStatus, ReadBack, Settings};

use crate::world::{Doing, NOW, World, after};

async fn readable() -> World {
    World::with(Class::Verifiable, Settings::default()).await
}

/// The connection breaks, and nothing was published.
fn cut() -> Doing {
    Doing::Answer(Outcome::Unknown { message: "cut".to_owned() })
}

#[tokio::test]
async fn what_is_read_back_is_published_and_not_sent_again() {
    let world = readable().await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    world.ledger.next(Doing::LoseAnswer);
    world.server.tick(NOW).await;
    let view = world.get(&post.id).await;
    assert_eq!(view.deliveries[0].detail, Some("confirming"));
    assert_eq!(world.server.tick(after(61)).await.published, 1);
    let view = world.get(&post.id).await;
    assert!(view.deliveries[0].recovered);
    assert_eq!((world.ledger.calls().len(), world.ledger.rows()), (1, 1));
}

#[tokio::test]
async fn two_looks_that_see_nothing_are_followed_by_one_more_attempt() {
    let world = readable().await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    world.ledger.next(cut());
    world.server.tick(NOW).await;
    world.server.tick(after(65)).await;
    assert_eq!((world.ledger.looked(), world.ledger.calls().len()), (1, 1));
    world.server.tick(after(90)).await;
    assert_eq!(world.ledger.looked(), 1, "a minute apart");
    world.server.tick(after(130)).await;
    assert_eq!((world.ledger.looked(), world.ledger.calls().len()), (2, 1));
    world.server.tick(after(135)).await;
    assert_eq!((world.ledger.calls().len(), world.ledger.rows()), (2, 1));
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Published);
}

/// Two posts say the same. The one that got lost must not be taken for the other one, which is there.
#[tokio::test]
async fn what_belongs_to_another_delivery_is_not_it() {
    let world = readable().await;
    let account = world.connect("one").await;
    let first = world.schedule(&[&account], NOW).await.post;
    let second = world.schedule(&[&account], after(1)).await.post;
    world.server.tick(NOW).await;
    assert_eq!(world.get(&first.id).await.post.status(), PostStatus::Published);
    world.ledger.next(cut());
    for seconds in [1, 66, 131, 136] {
        world.server.tick(after(seconds)).await;
    }
    assert_eq!(world.get(&second.id).await.post.status(), PostStatus::Published);
    assert_eq!((world.ledger.calls().len(), world.ledger.rows()), (3, 2));
}

#[tokio::test]
async fn a_platform_that_cannot_be_read_leaves_it_to_a_person() {
    let world = readable().await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    world.ledger.next(Doing::LoseAnswer);
    for _ in 0..9 {
        world.ledger.next_look(ReadBack::Unreadable { message: "503".to_owned() });
    }
    for minute in 0..30 {
        world.server.tick(after(minute * 65)).await;
    }
    let view = world.get(&post.id).await;
    assert_eq!(view.deliveries[0].status, DeliveryStatus::Unconfirmed);
    assert_eq!((world.ledger.looked(), world.ledger.calls().len()), (5, 1));
}
