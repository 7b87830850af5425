//! What a server of Mastodon says that it takes: read when an account is connected and once a day, checked before every post.

use std::time::{Duration, Instant};

use fakes::{Instance, Kind};
use posts::{
    Account, DeliveryStatus, ErrorClass, NewPost, PatchPost, PostView, Reconnect, Secret, Timestamp,
};
use publishing::Refusal;
use serde_json::json;

use crate::world::{World, now, pictures};

const HOUR: Duration = Duration::from_secs(3600);

fn says(characters: u64, pictures: u64) -> Instance {
    Instance::Says(json!({ "statuses": {
        "max_characters": characters, "max_media_attachments": pictures, "characters_reserved_per_url": 23,
    } }))
}

fn asked(world: &World) -> usize {
    world.fake.calls().iter().filter(|call| call.ends_with("api/v2/instance")).count()
}

async fn account(world: &World) -> Account {
    world.server.get_account(&world.me, &world.account).await.unwrap()
}

async fn write(
    world: &World,
    chars: usize,
    due: Option<Timestamp>,
    at: Timestamp,
) -> Result<PostView, Refusal> {
    let (text, accounts) = ("x".repeat(chars), vec![world.account.clone()]);
    let new = NewPost { text, accounts, scheduled_at: due, ..NewPost::default() };
    world.server.create_post(&world.me, new, at, None).await
}

fn message<T: std::fmt::Debug>(refused: Result<T, Refusal>) -> String {
    let Err(Refusal::Invalid(errors)) = refused else { panic!("{refused:?}") };
    errors.into_iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
}

#[tokio::test]
async fn a_post_may_say_what_its_server_takes() {
    let world = World::new("mastodon", Kind::Mastodon).await;
    let usual = message(write(&world, 501, None, now()).await);
    assert_eq!(usual, "text: 127.0.0.1 takes 500 characters; this has 501. Shorten it.");
    assert_eq!(asked(&world), 1, "when it was connected");
    world.fake.is_asked(says(1000, 1));
    let secret = Secret::new(fakes::TOKEN);
    let again =
        world.server.reconnect_account(&world.me, &world.account, Reconnect { secret }, now());
    assert_eq!(again.await.unwrap().server_limits().unwrap().text_chars, 1000);
    let draft = write(&world, 1000, None, now()).await.unwrap().post;
    assert!(message(write(&world, 1001, None, now()).await).contains("takes 1000 characters"));
    let two = world.create("Two", pictures().await).await;
    assert_eq!(message(two), "media: 127.0.0.1 takes at most 1 pictures. Remove some.");
    let longer = PatchPost { text: Some("x".repeat(1001)), ..PatchPost::default() };
    let edited = world.server.edit_post(&world.me, &draft.id, longer, now(), None).await;
    assert!(message(edited).contains("this has 1001"));
    assert_eq!(asked(&world), 2, "it is believed for a day");
}

#[tokio::test]
async fn a_server_is_asked_again_after_a_day_and_before_a_post_goes_out() {
    let world = World::new("mastodon", Kind::Mastodon).await;
    let start = now();
    let tomorrow = start.plus(25 * HOUR);
    let long = write(&world, 400, Some(tomorrow), start).await.unwrap().post;
    let draft = write(&world, 400, None, start).await.unwrap().post;
    world.fake.is_asked(says(300, 4));
    let early = world.server.publish_now(&world.me, &draft.id, start).await;
    assert!(early.is_ok() && asked(&world) == 1, "nothing is known of it yet: {early:?}");
    world.server.tick(tomorrow).await;
    let end = world.server.get_post(&world.me, &long.id).await.unwrap().deliveries.remove(0);
    let error = end.error.unwrap().error;
    assert_eq!((end.status, error.class), (DeliveryStatus::Failed, ErrorClass::Invalid));
    assert!(error.message.contains("takes 300 characters; this has 400"), "{}", error.message);
    assert!(world.fake.ledger().is_empty(), "no call was wasted on it");
    assert_eq!(asked(&world), 2);
    assert!(message(write(&world, 301, None, tomorrow).await).contains("takes 300"));
    assert_eq!(asked(&world), 2, "what a worker learned counts for everybody");
}

#[tokio::test]
async fn a_server_that_does_not_say_keeps_nobody_from_publishing() {
    for unkind in [
        Instance::Without,
        Instance::Broken,
        Instance::Silent,
        Instance::Huge,
        says(u64::MAX, u64::MAX),
        Instance::Says(json!({ "statuses": { "max_characters": -7 }, "media_attachments": [] })),
        Instance::Says(json!("nonsense")),
    ] {
        let world = World::new("mastodon", Kind::Mastodon).await;
        world.fake.is_asked(says(700, 4));
        let start = now().plus(25 * HOUR);
        write(&world, 600, None, start).await.unwrap();
        assert_eq!(account(&world).await.server_limits().unwrap().text_chars, 700);

        // A day later the server has changed.
        world.fake.is_asked(unkind.clone());
        let (next, began) = (start.plus(25 * HOUR), Instant::now());
        let post = write(&world, 450, Some(next), next).await.unwrap().post;
        assert!(began.elapsed() < Duration::from_secs(10), "{unkind:?}");
        let before = asked(&world);
        world.server.tick(next).await;
        let end = world.server.get_post(&world.me, &post.id).await.unwrap().deliveries.remove(0);
        let silent = world.fake.ledger().len();
        assert_eq!((end.status, silent), (DeliveryStatus::Published, 1), "{unkind:?}: {end:?}");
        assert_eq!(asked(&world), before, "{unkind:?}: not twice within the hour");
        let most = account(&world).await.server_limits().unwrap().text_chars;
        let expected = match unkind {
            // Within our own limit, or as usual.
            Instance::Says(configuration)
                if configuration["statuses"]["max_characters"].is_u64() =>
            {
                5000
            }
            Instance::Says(configuration) if configuration.is_object() => 500,
            _ => 700,
        };
        assert_eq!(most, expected);
    }
}

#[tokio::test]
async fn an_account_of_an_unkind_server_is_connected_all_the_same() {
    let world = World::new("mastodon", Kind::Mastodon).await;
    world.fake.is_asked(Instance::Broken);
    let account = world.connect_mastodon().await;
    assert_eq!(account.server_limits(), None);
    assert!(account.limits.is_some_and(|known| known.read_again_at <= now().plus(HOUR)));
}
