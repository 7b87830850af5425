//! What people decide about deliveries that failed or that nobody can tell about.

use std::collections::BTreeMap;

use posts::{Class, Confirm, DeliveryStatus, ErrorClass, Outcome, PostStatus, PostView, Settings};
use publishing::Refusal;

use crate::world::{Doing, NOW, World, after, caller, new_post};

fn refused() -> Doing {
    let message = "Too rude.".to_owned();
    Doing::Answer(Outcome::Refused { class: ErrorClass::Invalid, message, http_status: Some(422) })
}

fn code<T: std::fmt::Debug>(result: Result<T, Refusal>) -> &'static str {
    match result {
        Err(Refusal::Conflict { code, .. }) => code,
        Err(Refusal::NotFound) => "not_found",
        other => panic!("{other:?}"),
    }
}

/// A post of which one delivery is lost on a platform that cannot tell.
async fn lost() -> (World, PostView) {
    let world = World::with(Class::Opaque, Settings::default()).await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    world.ledger.next(Doing::LoseAnswer);
    world.server.tick(NOW).await;
    let view = world.get(&post.id).await;
    assert_eq!(view.deliveries[0].status, DeliveryStatus::Unconfirmed);
    (world, view)
}

#[tokio::test]
async fn a_person_confirms_what_is_live() {
    let (world, view) = lost().await;
    let id = &view.deliveries[0].delivery_id;
    let stranger = caller("eve", &["other"]);
    let confirm = Confirm { url: Some("https://example.com/1".to_owned()) };
    let done = world.server.confirm_delivery(&stranger, id, confirm.clone(), after(9)).await;
    assert_eq!(code(done), "not_found");
    let bad = Confirm { url: Some("javascript:alert(1)".to_owned()) };
    let done = world.server.confirm_delivery(&world.me, id, bad, after(9)).await;
    assert!(matches!(done, Err(Refusal::Invalid(_))));
    let done = world.server.confirm_delivery(&world.me, id, confirm, after(9)).await.unwrap();
    assert_eq!(done.post.status(), PostStatus::Published);
    assert_eq!(done.deliveries[0].remote_url.as_deref(), Some("https://example.com/1"));
    assert_eq!(world.get(&view.post.id).await, done);
    assert_eq!(world.heard.of("post:published").len(), 1);
    let again = world.server.confirm_delivery(&world.me, id, Confirm::default(), after(10)).await;
    assert_eq!(code(again), "not_found", "there is nothing to decide any more");
}

#[tokio::test]
async fn a_person_sends_again_under_a_new_key() {
    let (world, view) = lost().await;
    let id = &view.deliveries[0].delivery_id;
    let done = world.server.send_again(&world.me, id, after(4_000)).await.unwrap();
    assert_eq!(done.post.status(), PostStatus::Publishing);
    assert_eq!(world.heard.of("post:retrying").len(), 1);
    assert_eq!(world.server.tick(after(4_001)).await.published, 1, "the late limit starts anew");
    let calls = world.ledger.calls();
    assert_eq!(calls.len(), 2);
    assert_ne!(calls[0].key, calls[1].key);
    assert_eq!(world.get(&view.post.id).await.post.status(), PostStatus::Published);
    let again = world.server.send_again(&world.me, id, after(4_002)).await;
    assert_eq!(code(again), "not_found");
}

#[tokio::test]
async fn a_retry_touches_only_what_failed() {
    let world = World::new().await;
    let (one, two) = (world.connect("one").await, world.connect("two").await);
    let post = world.schedule(&[&one, &two], NOW).await.post;
    world.ledger.next(refused());
    world.server.tick(NOW).await;
    let view = world.get(&post.id).await;
    assert_eq!(view.post.status(), PostStatus::PartiallyPublished);
    let published = view.deliveries.iter().find(|d| d.status == DeliveryStatus::Published).unwrap();
    let done = world.server.retry_post(&world.me, &post.id, after(7_200)).await.unwrap();
    assert_eq!(done.post.status(), PostStatus::Publishing);
    assert!(done.deliveries.contains(published));
    assert_eq!(world.server.tick(after(7_201)).await.published, 1);
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Published);
    assert_eq!((world.ledger.calls().len(), world.ledger.rows()), (3, 2));
    let again = world.server.retry_post(&world.me, &post.id, after(7_202)).await;
    assert_eq!(code(again), "nothing_failed");
    // Each resource counts for itself: the post, and each of its deliveries, which are worked on at once.
    let mut seqs: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for told in world.heard.of("") {
        let event = told["event"].as_str().unwrap();
        let delivery = told["data"]["delivery"]["delivery_id"].as_str().unwrap_or("the post");
        if event.starts_with("post:") || event.starts_with("delivery:") {
            seqs.entry(delivery.to_owned()).or_default().push(told["seq"].as_u64().unwrap());
        }
    }
    assert_eq!(seqs.len(), 3);
    for (resource, seqs) in seqs {
        assert!(seqs.is_sorted_by(|a, b| a < b), "{resource}: {seqs:?}");
    }
}

#[tokio::test]
async fn a_missed_post_is_published_when_a_person_says_so() {
    let world = World::new().await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    world.server.tick(after(4_000)).await;
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Failed);
    world.server.retry_post(&world.me, &post.id, after(4_001)).await.unwrap();
    assert_eq!(world.server.tick(after(4_002)).await.published, 1);
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Published);
}

#[tokio::test]
async fn nobody_retries_blindly_what_may_be_there() {
    let (world, view) = lost().await;
    let done = world.server.retry_post(&world.me, &view.post.id, after(9)).await;
    assert_eq!(code(done), "nothing_failed");
    let draft = new_post("Hi", &[], None);
    let draft = world.server.create_post(&world.me, draft, NOW, None).await.unwrap().post;
    assert_eq!(
        code(world.server.retry_post(&world.me, &draft.id, after(9)).await),
        "nothing_failed"
    );
}
