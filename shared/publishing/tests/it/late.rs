//! How late posts of a workspace may still go out, as it decided.

use posts::{
    Class, DeliveryStatus, ErrorClass, NewPost, Outcome, PostStatus, PostView, PutWorkspace,
    Settings, Timestamp, WorkspaceId,
};

use crate::world::{Doing, NOW, World, after, caller, new_post};

const MINUTE: u64 = 60;

async fn allow(world: &World, minutes: Option<i64>, now: Timestamp) {
    let put = PutWorkspace { late_limit_minutes: minutes };
    world.server.put_workspace(&world.me, None, &put, now).await.unwrap();
}

fn not_sent() -> Doing {
    let (class, message) = (ErrorClass::Network, "Nobody is there.".to_owned());
    Doing::Answer(Outcome::NotSent { class, message, retry_after_s: None })
}

#[tokio::test]
async fn a_workspace_goes_by_its_own_limit_and_others_by_theirs() {
    for alone in [false, true] {
        let world = World::with(Class::Idempotent, Settings { alone, ..Settings::default() }).await;
        let eve = caller("eve", &["v"]);
        let account = world.connect("one").await;
        let other = world.connect_as(&eve, "two").await;
        let make = |me, account| {
            let new: NewPost = new_post("Hello", &[account], Some(NOW));
            world.server.create_post(me, new, NOW, None)
        };
        let (late, long) =
            (make(&eve, &other).await.unwrap(), make(&world.me, &account).await.unwrap());
        allow(&world, Some(180), NOW).await;
        // An hour is the server's limit.
        let report = world.server.tick(after(120 * MINUTE)).await;
        assert_eq!((report.published, report.failed), (1, 1), "alone: {alone}");
        assert_eq!(world.get(&long.post.id).await.post.status(), PostStatus::Published);
        let missed = world.server.get_post(&eve, &late.post.id).await.unwrap();
        assert_eq!(missed.post.status(), PostStatus::Failed);

        allow(&world, Some(15), NOW).await;
        let short = make(&world.me, &account).await.unwrap();
        assert_eq!(world.server.tick(after(16 * MINUTE)).await.failed, 1);
        assert_eq!(world.get(&short.post.id).await.post.status(), PostStatus::Failed);
    }
}

async fn only(world: &World, post: &PostView) -> (DeliveryStatus, u32) {
    let delivery = &world.get(&post.post.id).await.deliveries[0];
    (delivery.status, delivery.attempt)
}

#[tokio::test]
async fn what_is_tried_again_goes_by_the_limit_of_its_claim() {
    let world = World::new().await;
    let account = world.connect("one").await;
    allow(&world, Some(15), NOW).await;
    let post = world.schedule(&[&account], NOW).await;
    for _ in 0..2 {
        world.ledger.next(not_sent());
    }
    world.server.tick(NOW).await;
    assert_eq!(only(&world, &post).await, (DeliveryStatus::Retrying, 1));
    // A change counts for what is claimed later.
    allow(&world, Some(1440), NOW).await;
    world.server.tick(after(14 * MINUTE)).await;
    assert_eq!(
        only(&world, &post).await,
        (DeliveryStatus::Failed, 2),
        "the next wait ends too late"
    );

    world.server.retry_post(&world.me, &post.post.id, after(14 * MINUTE)).await.unwrap();
    world.server.tick(after(14 * MINUTE + 23 * 60 * MINUTE)).await;
    assert_eq!(only(&world, &post).await, (DeliveryStatus::Published, 1), "a person said so, now");
}

#[tokio::test]
async fn what_waits_for_its_account_waits_as_long_as_the_workspace_allows() {
    let world = World::new().await;
    let account = world.connect("one").await;
    allow(&world, Some(240), NOW).await;
    let post = world.schedule(&[&account], NOW).await;
    let (class, message) = (ErrorClass::Auth, "No.".to_owned());
    world.ledger.next(Doing::Answer(Outcome::Refused { class, message, http_status: None }));
    world.server.tick(NOW).await;
    assert_eq!(only(&world, &post).await.0, DeliveryStatus::WaitingAccount);
    world.server.tick(after(200 * MINUTE)).await;
    assert_eq!(only(&world, &post).await.0, DeliveryStatus::WaitingAccount);
    world.server.tick(after(241 * MINUTE)).await;
    assert_eq!(only(&world, &post).await.0, DeliveryStatus::Failed);
}

#[tokio::test]
async fn a_change_is_there_for_every_process() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let post = world.schedule(&[&account], NOW).await;
    allow(&world, Some(180), NOW).await;
    // It has not read this workspace yet.
    assert_eq!(world.another_server().tick(after(120 * MINUTE)).await.published, 1);
    assert_eq!(only(&world, &post).await.0, DeliveryStatus::Published);
    let nobody = world.data.get_workspace(&WorkspaceId::parse("none").unwrap()).await;
    assert!(matches!(nobody, Ok(None)), "{nobody:?}");
}
