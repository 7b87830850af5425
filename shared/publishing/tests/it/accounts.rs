//! Credentials: sealed, renewed once, asked for again.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use posts::{
    AccountStatus, Class, DeliveryStatus, ErrorClass, NewAccount, Outcome, PostStatus, Reconnect,
    Refreshed, Secret, Settings,
};
use publishing::Refusal;

use crate::world::{Doing, NOW, World, after, tokens};

fn unauthorized() -> Doing {
    let message = "Who are you?".to_owned();
    Doing::Answer(Outcome::Refused { class: ErrorClass::Auth, message, http_status: Some(401) })
}

#[tokio::test]
async fn refused_credentials_make_posts_wait_for_a_person() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let first = world.schedule(&[&account], NOW).await.post;
    let second = world.schedule(&[&account], after(1)).await.post;
    world.ledger.next(unauthorized());
    world.server.tick(after(1)).await;
    for post in [&first, &second] {
        let delivery = &world.get(&post.id).await.deliveries[0];
        assert_eq!(delivery.status, DeliveryStatus::WaitingAccount);
        assert_eq!(delivery.error.as_ref().unwrap().action, "reconnect");
    }
    assert_eq!(world.ledger.calls().len(), 1, "the second one is not even tried");
    let told = world.heard.of("account:status-changed");
    assert_eq!((told.len(), told[0]["data"]["status"].as_str()), (1, Some("needs_reauth")));

    let other = Reconnect { secret: Secret::new("new:somebody-else") };
    let refused = world.server.reconnect_account(&world.me, &account.id, other, after(60)).await;
    assert!(matches!(refused, Err(Refusal::Conflict { code: "other_account", .. })));
    let reconnect = Reconnect { secret: Secret::new("new") };
    let done = world.server.reconnect_account(&world.me, &account.id, reconnect, after(60)).await;
    assert_eq!(done.unwrap().status, AccountStatus::Connected);
    assert_eq!(world.server.tick(after(61)).await.published, 2);
    assert_eq!(world.get(&second.id).await.post.status(), PostStatus::Published);
}

#[tokio::test]
async fn an_account_that_nobody_connects_again_makes_posts_miss_their_time() {
    let world = World::new().await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    world.ledger.next(unauthorized());
    world.server.tick(NOW).await;
    world.server.tick(after(3_500)).await;
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Publishing);
    world.server.tick(after(3_601)).await;
    let view = world.get(&post.id).await;
    assert_eq!(view.post.status(), PostStatus::Failed);
    assert_eq!(view.deliveries[0].error.as_ref().unwrap().error.class, ErrorClass::Missed);
}

#[tokio::test]
async fn refused_tokens_are_renewed_once_and_the_post_goes_out() {
    let world = World::new().await;
    let account = world.connect("tokens").await;
    let post = world.schedule(&[&account], after(600)).await.post;
    world.ledger.next(unauthorized());
    world.ledger.next_renewal(Refreshed::Renewed(tokens("second", after(600))));
    world.server.tick(after(600)).await;
    world.server.tick(after(610)).await;
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Published);
    assert_eq!(world.ledger.renewed(), 1);
}

#[tokio::test]
async fn trouble_while_renewing_disconnects_nobody() {
    let world = World::new().await;
    let account = world.connect("tokens").await;
    let post = world.schedule(&[&account], after(600)).await.post;
    world.ledger.next(unauthorized());
    world.ledger.next_renewal(Refreshed::Unavailable { message: "502".to_owned() });
    world.server.tick(after(600)).await;
    let listed = world.server.list_accounts(&world.me, None).await.unwrap();
    assert_eq!(listed[0].status, AccountStatus::Connected);
    world.server.tick(after(610)).await;
    assert_eq!(world.get(&post.id).await.post.status(), PostStatus::Published);
}

/// Twenty workers need the same tokens in the same moment. A refresh token works once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_workers_ask_for_new_tokens_once() {
    let world = World::with(Class::Idempotent, Settings::default()).await;
    let account = world.connect("tokens").await;
    let almost_over = after(3_590);
    for _ in 0..20 {
        world.schedule(&[&account], almost_over).await;
    }
    world.ledger.next_renewal(Refreshed::Renewed(tokens("second", almost_over)));
    // Whoever asks a second time has lost the account.
    world.ledger.next_renewal(Refreshed::Revoked { message: "invalid_grant".to_owned() });
    let workers = (0..20).map(|_| {
        let server = world.another_server();
        let id = account.id.clone();
        tokio::spawn(async move { server.credentials_ready(&id, almost_over).await })
    });
    for ready in join_all(workers).await {
        assert!(ready.unwrap(), "each has usable tokens");
    }
    assert_eq!(world.ledger.renewed(), 1);
    assert_eq!(Arc::clone(&world.server).tick(almost_over).await.published, 20);
    let listed = world.server.list_accounts(&world.me, None).await.unwrap();
    assert_eq!(listed[0].status, AccountStatus::Connected);
}

#[tokio::test]
async fn revoked_access_asks_for_a_person_once() {
    let world = World::new().await;
    let account = world.connect("tokens").await;
    let over = after(3_700);
    world.schedule(&[&account], over).await;
    world.ledger.next_renewal(Refreshed::Revoked { message: "Access was taken back.".to_owned() });
    for seconds in 0..3 {
        world.server.tick(over.plus(Duration::from_secs(seconds))).await;
    }
    assert_eq!((world.ledger.renewed(), world.ledger.calls().len()), (1, 0));
    let told = world.heard.of("account:status-changed");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["reason"], "Access was taken back.");
}

#[tokio::test]
async fn credentials_are_sealed_and_stay_out_of_everything() {
    let world = World::new().await;
    let new = NewAccount {
        workspace_id: None,
        platform: "ledger".to_owned(),
        name: "tokens".to_owned(),
        url: "https://example.com".to_owned(),
        remote_id: String::new(),
        secret: Secret::new("very-s3cret"),
    };
    let account = world.server.connect_account(&world.me, new, NOW).await.unwrap();
    let stored = world.data.get_credentials(&account.id).await.unwrap();
    let data::Kept::Sealed(sealed) = &stored.kept else { panic!("{stored:?}") };
    assert!(!sealed.contains("s3cret") && !sealed.contains("r3fresh"));
    world.schedule(&[&account], after(600)).await;
    world.ledger.next(unauthorized());
    world.server.tick(after(600)).await;
    let shown = format!("{:?} {account:?} {stored:?}", world.heard.all());
    for secret in ["s3cret", "r3fresh", sealed.as_str()] {
        assert!(!shown.contains(secret));
    }
}

#[tokio::test]
async fn a_key_that_an_earlier_version_left_plain_is_used_and_sealed() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = world.client.put_item().table_name("pushbridge-accounts");
    let put = put.item("pk", text(&format!("account#{}", account.id))).item("sk", text("secret"));
    put.item("secret", text("left-in-the-open")).send().await.unwrap();
    let stored = world.data.get_credentials(&account.id).await.unwrap();
    assert!(matches!(stored.kept, data::Kept::Plain(_)), "{stored:?}");

    world.schedule(&[&account], NOW).await;
    world.server.tick(NOW).await;
    assert_eq!(world.ledger.rows(), 1);
    let stored = world.data.get_credentials(&account.id).await.unwrap();
    assert!(matches!(stored.kept, data::Kept::Sealed(_)) && stored.token_ver == 2, "{stored:?}");
    for table in ["pushbridge-accounts", "pushbridge-posts"] {
        let all = world.client.scan().table_name(table).send().await.unwrap();
        assert!(!format!("{:?}", all.items()).contains("in-the-open"), "{table} has it still");
    }
    world.schedule(&[&account], after(60)).await;
    world.another_server().tick(after(60)).await;
    assert_eq!(world.ledger.rows(), 2, "what is sealed opens");
}
