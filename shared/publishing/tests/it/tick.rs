//! What the ticker does with what is due.

use std::sync::Arc;

use posts::{
    Announcement, Class, DeliveryStatus, ErrorClass, FailReason, Outcome, PostStatus, Settings,
    Stage, Timestamp,
};
use publishing::{Announcer, Publishing, TickReport};
use serde_json::json;

use crate::world::{Doing, NOW, World, after, new_post};

fn not_sent() -> Doing {
    let message = "No connection.".to_owned();
    Doing::Answer(Outcome::NotSent { class: ErrorClass::Network, message, retry_after_s: None })
}

fn refused() -> Doing {
    let message = "Too rude.".to_owned();
    Doing::Answer(Outcome::Refused { class: ErrorClass::Invalid, message, http_status: Some(422) })
}

#[tokio::test]
async fn a_due_post_is_published_once_and_told_in_order() {
    let world = World::new().await;
    let post = world.schedule(&[&world.connect("one").await], after(10)).await.post;
    assert_eq!(world.server.tick(after(9)).await, TickReport::default());
    let report = world.server.tick(after(10)).await;
    assert_eq!(report, TickReport { processed: 1, published: 1, ..TickReport::default() });
    assert_eq!(world.server.tick(after(11)).await, TickReport::default());
    assert_eq!(world.server.tick(after(4000)).await, TickReport::default());
    let view = world.get(&post.id).await;
    assert_eq!((view.post.status(), view.progress.percent), (PostStatus::Published, 100));
    assert_eq!(view.deliveries[0].remote_id.as_deref(), Some(world.ledger.calls()[0].key.as_str()));
    let names = [
        "account:connected",
        "post:created",
        "post:scheduled",
        "post:publishing",
        "delivery:status-changed",
        "delivery:status-changed",
        "post:published",
    ];
    assert_eq!(world.heard.names(), names);
    let seqs: Vec<_> =
        world.heard.of("").iter().skip(1).map(|e| e["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted(), "{seqs:?}");
    assert_eq!(world.heard.of("post:published")[0]["seq"], json!(view.post.version));
}

#[tokio::test]
async fn publish_now_is_due_at_once() {
    let world = World::new().await;
    let post = world.schedule(&[&world.connect("one").await], after(1000)).await.post;
    world.server.publish_now(&world.me, &post.id, after(1)).await.unwrap();
    assert_eq!(world.server.tick(after(1)).await.published, 1);
}

#[tokio::test]
async fn a_mixed_end_is_told_as_such() {
    let world = World::new().await;
    let (one, two) = (world.connect("one").await, world.connect("two").await);
    let post = world.schedule(&[&one, &two], NOW).await.post;
    world.ledger.next(refused());
    let report = world.server.tick(NOW).await;
    assert_eq!((report.published, report.failed), (1, 1));
    let view = world.get(&post.id).await;
    assert_eq!(view.post.status(), PostStatus::PartiallyPublished);
    let failed = view.deliveries.iter().find(|d| d.status == DeliveryStatus::Failed).unwrap();
    let error = failed.error.as_ref().unwrap();
    assert_eq!(
        (error.error.message.as_str(), error.retryable, error.action),
        ("Too rude.", false, "edit")
    );
    let ends = world.heard.of("post:partially-published");
    assert_eq!((ends.len(), &ends[0]["data"]["failed_count"]), (1, &json!(1)));
    assert!(world.heard.of("post:failed").is_empty());
}

#[tokio::test]
async fn a_delivery_that_was_not_sent_is_tried_again() {
    let world = World::new().await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    world.ledger.next(not_sent());
    assert_eq!(world.server.tick(NOW).await.retried, 1);
    let view = world.get(&post.id).await;
    assert_eq!(view.deliveries[0].status, DeliveryStatus::Retrying);
    let next = view.deliveries[0].next_attempt_at.unwrap();
    assert!((after(48)..=after(73)).contains(&next), "a minute, give or take a fifth: {next}");
    assert_eq!(world.server.tick(after(40)).await, TickReport::default());
    assert_eq!(world.server.tick(after(80)).await.published, 1);
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Published);
    assert_eq!(world.ledger.calls().iter().map(|c| c.attempt).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn a_lost_answer_is_resent_with_the_same_key_and_bytes() {
    let world = World::new().await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    world.ledger.next(Doing::LoseAnswer);
    world.server.tick(NOW).await;
    let view = world.get(&post.id).await;
    assert_eq!(
        (view.deliveries[0].status, view.deliveries[0].detail),
        (DeliveryStatus::Publishing, Some("confirming"))
    );
    assert_eq!(world.server.tick(after(55)).await, TickReport::default());
    assert_eq!(world.server.tick(after(65)).await.published, 1);
    let calls = world.ledger.calls();
    assert_eq!((calls.len(), world.ledger.rows()), (2, 1));
    assert_eq!((&calls[0].key, &calls[0].payload), (&calls[1].key, &calls[1].payload));
}

#[tokio::test]
async fn an_opaque_platform_is_never_asked_twice() {
    let world = World::with(Class::Opaque, Settings::default()).await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    world.ledger.next(Doing::LoseAnswer);
    world.server.tick(NOW).await;
    for seconds in [60, 600, 3_000] {
        assert_eq!(world.server.tick(after(seconds)).await, TickReport::default());
    }
    let view = world.get(&post.id).await;
    assert!(matches!(
        view.post.stage,
        Stage::Failed { reason: FailReason::Unconfirmed, needs_review: true, .. }
    ));
    assert_eq!(view.deliveries[0].error.as_ref().unwrap().action, "check_account");
    assert_eq!(world.ledger.calls().len(), 1);
}

#[tokio::test]
async fn a_late_post_goes_out_and_a_too_late_one_is_missed() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let late = world.schedule(&[&account], after(60)).await.post;
    let missed = world.schedule(&[&account], after(20)).await.post;
    let report = world.server.tick(after(30 + 3600)).await;
    assert_eq!(
        report,
        TickReport { processed: 2, published: 1, failed: 1, ..TickReport::default() }
    );
    let lateness = world.server.take_lateness().as_secs();
    assert!((3_610..3_700).contains(&lateness), "{lateness} s: the missed one was due first");
    assert!(world.server.take_lateness().is_zero(), "it was told");
    assert_eq!(world.get(&late.id).await.post.status(), PostStatus::Published);
    let stage = world.get(&missed.id).await.post.stage;
    assert!(matches!(stage, Stage::Failed { reason: FailReason::Missed, .. }));
    assert_eq!(world.heard.of("post:failed")[0]["data"]["reason"], "missed");
    assert_eq!(world.ledger.calls().len(), 1, "the platform hears nothing of the missed one");
    assert_eq!(world.server.tick(after(9000)).await, TickReport::default());
}

#[tokio::test]
async fn a_panicking_adapter_fails_its_delivery_only() {
    let world = World::new().await;
    let (one, two) = (world.connect("one").await, world.connect("two").await);
    let post = world.schedule(&[&one, &two], NOW).await.post;
    world.ledger.next(Doing::Panic);
    let report = world.server.tick(NOW).await;
    assert_eq!((report.published, report.failed), (1, 1));
    let view = world.get(&post.id).await;
    let error = view.deliveries.iter().find_map(|d| d.error.as_ref()).unwrap();
    assert_eq!(error.error.class, ErrorClass::Internal);
}

#[tokio::test]
async fn a_disconnected_account_fails_with_a_way_out() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let post = world.schedule(&[&account], after(5)).await.post;
    world.server.disconnect_account(&world.me, &account.id, NOW).await.unwrap();
    assert_eq!(world.server.tick(after(5)).await.failed, 1);
    let view = world.get(&post.id).await;
    assert_eq!(view.post.status(), PostStatus::Failed);
    assert_eq!(view.deliveries[0].error.as_ref().unwrap().action, "reconnect");
    assert!(world.ledger.calls().is_empty());
}

#[tokio::test]
async fn an_account_gets_its_posts_in_order() {
    let world = World::new().await;
    let account = world.connect("one").await;
    for seconds in [5_u64, 3, 9, 1, 7] {
        let new = new_post(&format!("at {seconds}"), &[&account], Some(after(seconds)));
        world.server.create_post(&world.me, new, NOW, None).await.unwrap();
    }
    world.server.tick(after(10)).await;
    let payloads: Vec<_> = world.ledger.calls().into_iter().map(|call| call.payload).collect();
    let order: Vec<_> = [1, 3, 5, 7, 9].iter().map(|n| format!("at {n}")).collect();
    assert!(
        payloads.iter().zip(&order).all(|(payload, text)| payload.contains(text)),
        "{payloads:?}"
    );
}

#[tokio::test]
async fn a_slow_account_delays_no_other() {
    let mut world = World::new().await;
    let (slow, quick) = (world.connect("slow").await, world.connect("quick").await);
    let first = world.schedule(&[&slow], NOW).await.post;
    let server = Arc::clone(&world.server);
    let held = tokio::spawn(async move { server.tick(NOW).await });
    assert_eq!(world.begun.recv().await.unwrap(), slow.id);
    let waiting = world.schedule(&[&slow], after(1)).await.post;
    world.schedule(&[&quick], after(1)).await;
    let report = world.server.tick(after(1)).await;
    assert_eq!(
        (report.processed, report.published),
        (2, 1),
        "the slow account's second post waits"
    );
    world.ledger.open_gate(2);
    assert_eq!(held.await.unwrap().published, 1);
    assert_eq!(world.get(&first.id).await.post.status(), PostStatus::Published);
    assert_eq!(world.server.tick(after(2)).await.published, 1);
    assert_eq!(world.get(&waiting.id).await.post.status(), PostStatus::Published);
}

struct Deaf;

impl Announcer for Deaf {
    async fn announce(&self, _: Announcement) {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn an_announcer_that_hangs_does_not_stop_the_work() {
    let world = World::new().await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    let deaf = Publishing::new(
        world.data.clone(),
        Arc::clone(&world.vault),
        world.ledger.clone(),
        Deaf,
        Settings::default(),
    );
    assert_eq!(deaf.tick(NOW).await.published, 1);
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Published);
}

#[tokio::test]
async fn fifty_accounts_with_long_errors_stay_below_ten_kilobytes() {
    let world = World::new().await;
    let mut accounts = Vec::new();
    for n in 0..50 {
        accounts.push(world.connect(&format!("{n}")).await);
        let message = "\u{1F980}\u{1}".repeat(400);
        world.ledger.next(Doing::Answer(Outcome::Refused {
            class: ErrorClass::Invalid,
            message,
            http_status: None,
        }));
    }
    let new =
        new_post(&"\u{1}\u{1F980}".repeat(2_500), &accounts.iter().collect::<Vec<_>>(), Some(NOW));
    let post = world.server.create_post(&world.me, new, NOW, None).await.unwrap().post;
    assert_eq!(world.server.tick(NOW).await.failed, 50);
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Failed);
    let ends = world.heard.of("post:failed");
    assert_eq!((ends.len(), &ends[0]["data"]["truncated"]), (1, &json!(true)));
    for told in world.heard.all() {
        assert!(told.data.len() <= 10_240, "{}: {} bytes", told.event, told.data.len());
    }
    let at = |event: &str| {
        Timestamp::from_ms(0)
            .max(serde_json::from_value(world.heard.of(event)[0]["at"].clone()).unwrap())
    };
    assert!(at("post:publishing") <= at("post:failed"));
}
