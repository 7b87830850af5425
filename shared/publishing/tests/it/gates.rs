//! Limits of platforms, and what must be ready before an attempt.

use posts::{DeliveryStatus, Gate, GateScope, Outcome, PostStatus, Prepared};

use crate::world::{Doing, NOW, World, after};

fn limited(for_s: u64) -> Outcome {
    Outcome::RateLimited { retry_after_s: Some(for_s), message: "Slow down.".to_owned() }
}

#[tokio::test]
async fn a_refusal_for_a_limit_holds_back_the_whole_account() {
    let world = World::new().await;
    let (one, two) = (world.connect("one").await, world.connect("two").await);
    let mut posts = Vec::new();
    for _ in 0..3 {
        posts.push(world.schedule(&[&one], NOW).await.post.id);
    }
    world.schedule(&[&two], NOW).await;
    world.ledger.next(Doing::Answer(limited(600)));
    world.ledger.next(Doing::Answer(limited(600)));
    world.server.tick(NOW).await;
    let calls = world.ledger.calls();
    assert_eq!(calls.len(), 2, "one for each account: the limit is known after the first");
    for id in &posts {
        let delivery = &world.get(id).await.deliveries[0];
        assert_eq!((delivery.status, delivery.attempt), (DeliveryStatus::Retrying, 0));
    }
    assert_eq!(world.heard.of("account:status-changed").len(), 2);
    assert_eq!(world.server.tick(after(500)).await.published, 0);
    assert_eq!(world.server.tick(after(800)).await.published, 4);
}

#[tokio::test]
async fn a_limit_of_the_app_holds_back_every_account_of_the_platform() {
    let world = World::new().await;
    let (one, two) = (world.connect("one").await, world.connect("two").await);
    world.schedule(&[&one], NOW).await;
    let gate = Gate { scope: GateScope::App, for_s: 300 };
    let published = Outcome::Published { remote_id: None, remote_url: None };
    world.ledger.next(Doing::Limit(published, gate));
    assert_eq!(world.server.tick(NOW).await.published, 1, "it is published all the same");
    let other = world.schedule(&[&two], after(1)).await.post;
    world.server.tick(after(1)).await;
    assert_eq!(world.ledger.calls().len(), 1);
    assert_eq!(world.get(&other.id).await.deliveries[0].status, DeliveryStatus::Retrying);
    assert_eq!(world.server.tick(after(310)).await.published, 1);
}

#[tokio::test]
async fn a_container_is_waited_for_and_then_published() {
    let world = World::new().await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    let state = || "container-1".to_owned();
    for _ in 0..2 {
        world
            .ledger
            .next_prepared(Prepared::Processing { state: state(), retry_after_s: Some(30) });
    }
    world.ledger.next_prepared(Prepared::Ready(Some(state())));
    world.server.tick(NOW).await;
    let view = world.get(&post.id).await;
    assert_eq!(view.deliveries[0].status, DeliveryStatus::Processing);
    assert_eq!(world.server.tick(after(20)).await.retried, 0);
    world.server.tick(after(35)).await;
    assert!(world.ledger.calls().is_empty());
    assert_eq!(world.server.tick(after(70)).await.published, 1);
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Published);
    assert_eq!(world.ledger.calls()[0].attempt, 1, "waiting is no attempt");
}

#[tokio::test]
async fn a_container_that_never_gets_ready_fails_with_the_late_limit() {
    let world = World::new().await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    for minute in 0..61 {
        let state = "container-1".to_owned();
        world.ledger.next_prepared(Prepared::Processing { state, retry_after_s: Some(60) });
        world.server.tick(after(minute * 60)).await;
    }
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Failed);
    assert!(world.ledger.calls().is_empty());
}
