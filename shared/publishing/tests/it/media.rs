//! Pictures through the machine: attached, carried along, sent, limited, swept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::media::{Media, Place};
use data::{Chore, MediaUser};
use outbound::Addresses;
use posts::{
    Account, DeliveryStatus, ErrorClass, FieldError, NewMedium, NewPost, NewPosts, NewSeries,
    PatchPost, PostView, Rule, Timestamp,
};
use publishing::Refusal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::{NOW, World, after, new_post};

const WEEK_S: u64 = 7 * 24 * 3600;

/// The head of a PNG of 4 by 3 pixels, made different by `n`.
fn png(n: u8) -> Vec<u8> {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x04\0\0\0\x03\x08\x02\0\0\0".as_slice();
    [head, &[n; 16]].concat()
}

/// Somebody's server: pictures by their paths, and how often each was fetched.
#[derive(Clone)]
struct Origin {
    url: String,
    pictures: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Origin {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let it = Self { url, pictures: Arc::default(), asked: Arc::default() };
        let shared = it.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = Vec::new();
                while !bytes.ends_with(b"\r\n\r\n") {
                    if stream.read_buf(&mut bytes).await.unwrap() == 0 {
                        break;
                    }
                }
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                shared.asked.lock().unwrap().push(path.clone());
                let found = shared.pictures.lock().unwrap().get(&path).cloned();
                let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
                let body = found.unwrap_or_default();
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
            }
        });
        it
    }

    fn put(&self, path: &str, bytes: Vec<u8>) -> NewMedium {
        self.pictures.lock().unwrap().insert(path.to_owned(), bytes);
        self.ask(path)
    }

    fn ask(&self, path: &str) -> NewMedium {
        NewMedium { url: format!("{}{path}", self.url), alt: format!("alt of {path}") }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// A world that keeps pictures, with an account and somebody's server.
async fn world() -> (World, Media, Account, Origin) {
    let media = Media::new(Place::memory(), Addresses::AlsoPrivate, None).unwrap();
    let world = World::new().await.keeping(media.clone());
    let account = world.connect("one").await;
    (world, media, account, Origin::start().await)
}

fn with(account: &Account, media: Vec<NewMedium>, at: Option<Timestamp>) -> NewPost {
    NewPost { media, ..new_post("Hello", &[account], at) }
}

async fn create(world: &World, new: NewPost) -> PostView {
    world.server.create_post(&world.me, new, NOW, None).await.unwrap()
}

fn fields(refusal: Refusal) -> Vec<(String, &'static str)> {
    let Refusal::Invalid(errors) = refusal else { panic!("{refusal:?}") };
    errors.into_iter().map(|FieldError { field, code, .. }| (field, code)).collect()
}

#[tokio::test]
async fn a_post_is_published_with_the_pictures_it_was_written_with() {
    let (world, _, account, origin) = world().await;
    let asked = vec![origin.put("/a", png(1)), origin.put("/b", png(2))];
    let view = create(&world, with(&account, asked, Some(after(60)))).await;
    let shown: Vec<_> = view.post.media.iter().map(|it| it.picture.alt.as_str()).collect();
    assert_eq!(shown, ["alt of /a", "alt of /b"]);
    // What its author's server shows later does not matter.
    origin.put("/a", png(9));
    origin.pictures.lock().unwrap().remove("/b");
    world.server.tick(after(60)).await;
    assert_eq!(world.get(&view.post.id).await.deliveries[0].status, DeliveryStatus::Published);
    assert_eq!(world.ledger.pictures(), [vec![png(1), png(2)]]);
    assert_eq!(origin.asked(), 2, "each was fetched once");
}

#[tokio::test]
async fn an_edit_fetches_what_is_new() {
    let (world, _, account, origin) = world().await;
    let (a, b) = (origin.put("/a", png(1)), origin.put("/b", png(2)));
    let view = create(&world, with(&account, vec![a.clone()], Some(after(60)))).await;
    let edit = async |media: Vec<NewMedium>, text: Option<&str>| {
        let patch =
            PatchPost { media: Some(media), text: text.map(Into::into), ..PatchPost::default() };
        world.server.edit_post(&world.me, &view.post.id, patch, NOW, None).await
    };
    let renamed = NewMedium { alt: "another".into(), ..a.clone() };
    let edited = edit(vec![b.clone(), renamed], None).await.unwrap().post;
    let shown: Vec<_> = edited.media.iter().map(|it| it.picture.alt.as_str()).collect();
    assert_eq!((shown, origin.asked()), (vec!["alt of /b", "another"], 2));
    assert_eq!(edited.content_rev, view.post.content_rev + 1);
    let told = world.heard.of("post:updated").pop().unwrap();
    assert_eq!(told["data"]["changed"], serde_json::json!(["media"]));
    // The text is wrong, so nothing is fetched for it.
    for (text, code) in [("x".repeat(6_000), "too_long"), ("forbidden".into(), "forbidden")] {
        let refused = edit(vec![origin.ask("/c")], Some(&text)).await.unwrap_err();
        assert_eq!((fields(refused), origin.asked()), (vec![("text".to_owned(), code)], 2));
    }
    let without = edit(Vec::new(), None).await.unwrap().post;
    assert!(without.media.is_empty());
    world.server.tick(after(60)).await;
    assert_eq!(world.ledger.pictures(), [Vec::<Vec<u8>>::new()]);
}

#[tokio::test]
async fn what_is_wrong_with_pictures_is_named() {
    let (world, media, account, origin) = world().await;
    let refused = async |media: Vec<NewMedium>| {
        let new = with(&account, media, Some(after(60)));
        fields(world.server.create_post(&world.me, new, NOW, None).await.unwrap_err())
    };
    let (good, page) = (origin.put("/a", png(1)), origin.put("/page", b"<html>".to_vec()));
    let wrong = refused(vec![good.clone(), page.clone(), origin.ask("/none"), page]).await;
    let named = |at: usize, code| (format!("media[{at}].url"), code);
    assert_eq!(wrong, [named(2, "unreachable"), named(1, "type"), named(3, "type")]);
    let long = NewMedium { alt: "x".repeat(posts::limits::ALT_CHARS + 1), ..good.clone() };
    assert_eq!(refused(vec![long]).await, [("media[0].alt".to_owned(), "too_long")]);
    let many = vec![good.clone(); posts::limits::MEDIA + 1];
    assert_eq!(refused(many).await, [("media".to_owned(), "too_many")]);
    // The platform's own limit: three pictures.
    let four = (0..4).map(|n| origin.put(&format!("/{n}"), png(n))).collect();
    assert_eq!(refused(four).await, [("media".to_owned(), "too_many")]);
    assert!(world.server.list_posts(&world.me, Default::default()).await.unwrap().posts.is_empty());
    // Where there is no place for pictures, the operator is named.
    drop(media);
    let world = World::new().await;
    let account = world.connect("one").await;
    let new = with(&account, vec![good], None);
    let refused = world.server.create_post(&world.me, new, NOW, None).await.unwrap_err();
    assert_eq!(fields(refused), [("media[0].url".to_owned(), "no_place")]);
}

#[tokio::test]
async fn limits_are_checked_again_when_a_post_moves_on() {
    let (world, media, account, origin) = world().await;
    let draft = create(&world, with(&account, vec![origin.put("/a", png(1))], None)).await.post;
    let due = create(&world, with(&account, vec![origin.ask("/a")], Some(after(60)))).await.post;
    world.ledger.take_pictures(0);
    let refused = world.server.publish_now(&world.me, &draft.id, NOW).await.unwrap_err();
    assert_eq!(fields(refused), [("media".to_owned(), "too_many")]);
    world.server.tick(after(60)).await;
    let end = world.get(&due.id).await.deliveries.remove(0);
    let error = end.error.unwrap().error;
    assert_eq!((end.status, error.class), (DeliveryStatus::Failed, ErrorClass::Media));
    assert!(error.message.contains("at most 0"), "{}", error.message);
    // A platform that fetches pictures cannot reach this server.
    world.ledger.take_pictures(3);
    world.ledger.fetch_pictures();
    let refused = world.server.publish_now(&world.me, &draft.id, NOW).await.unwrap_err();
    assert_eq!(fields(refused), [("media".to_owned(), "no_public_address")]);
    drop(media);
}

#[tokio::test]
async fn a_copy_that_is_gone_ends_the_delivery() {
    let (world, media, account, origin) = world().await;
    let view =
        create(&world, with(&account, vec![origin.put("/a", png(1))], Some(after(60)))).await;
    media.remove(&view.post.media[0].key).await.unwrap();
    world.server.tick(after(60)).await;
    let end = world.get(&view.post.id).await.deliveries.remove(0);
    assert_eq!((end.status, world.ledger.rows()), (DeliveryStatus::Failed, 0));
    assert_eq!(end.error.unwrap().error.class, ErrorClass::Media);
}

#[tokio::test]
async fn series_and_bulk_carry_pictures() {
    let (world, _, account, origin) = world().await;
    let picture = origin.put("/a", png(1));
    let new = NewSeries {
        workspace_id: None,
        text: "Again".into(),
        media: vec![picture.clone()],
        accounts: vec![account.id.clone()],
        rule: Rule::Day { interval: 1 },
        local_time: "2026-11-20T09:00".into(),
        tz: "UTC".into(),
        until: None,
    };
    world.server.create_series(&world.me, new, NOW).await.unwrap();
    for day in 0..2 {
        world.server.tick(after(3600 + day * 24 * 3600)).await;
        world.server.tick(after(3600 + day * 24 * 3600)).await;
    }
    assert_eq!(world.ledger.pictures(), [vec![png(1)], vec![png(1)]]);
    assert_eq!(origin.asked(), 1, "a series fetches once");

    let row = |media| with(&account, media, Some(after(300_000)));
    let posts = (0..40).map(|_| row(vec![picture.clone()])).collect();
    let all = NewPosts { workspace_id: None, posts };
    world.server.bulk_posts(&world.me, all, NOW).await.unwrap();
    assert_eq!(origin.asked(), 2, "each address is fetched once");
    world.server.tick(after(300_000)).await;
    world.server.tick(after(300_001)).await;
    assert_eq!(world.ledger.pictures().len(), 42);
    let posts = vec![row(vec![picture]), row(vec![origin.ask("/b")]), row(Vec::new())];
    let wrong = NewPosts { workspace_id: None, posts };
    let refused = world.server.bulk_posts(&world.me, wrong, NOW).await.unwrap_err();
    assert_eq!(fields(refused), [("posts[1].media[0].url".to_owned(), "unreachable")]);
}

#[tokio::test]
async fn copies_that_nothing_needs_are_swept() {
    let (world, media, account, origin) = world().await;
    let pictures: Vec<_> = (0..4).map(|n| origin.put(&format!("/{n}"), png(n))).collect();
    let [orphan, kept, over, gone] = <[NewMedium; 4]>::try_from(pictures).unwrap();
    // A stop between attaching and writing the post.
    let orphan = media.attach(&orphan, NOW).await.unwrap().key;
    let never = posts::PostId::parse("post_never").unwrap();
    world.data.note_media([(&orphan, MediaUser::Post(never))]).await.unwrap();
    let kept = create(&world, with(&account, vec![kept], Some(after(12 * WEEK_S)))).await.post;
    let over = create(&world, with(&account, vec![over], Some(NOW))).await.post;
    let gone = create(&world, with(&account, vec![gone], None)).await.post;
    world.server.delete_post(&world.me, &gone.id, NOW).await.unwrap();
    world.server.tick(NOW).await;
    let there = async || {
        let keys = [&orphan, &kept.media[0].key, &over.media[0].key, &gone.media[0].key];
        let mut there = [false; 4];
        for (at, key) in keys.into_iter().enumerate() {
            there[at] = media.load_one(key).await.is_ok();
        }
        there
    };
    for (weeks, expected) in [
        (1, [true, true, true, true]),
        (2, [false, true, true, false]),
        // Thirty days after the end of the post.
        (5, [false, true, false, false]),
        (11, [false, true, false, false]),
    ] {
        world.server.tick(after(weeks * WEEK_S)).await;
        assert_eq!(there().await, expected, "after {weeks} weeks");
    }
    world.server.tick(after(12 * WEEK_S)).await;
    assert_eq!(world.ledger.pictures().last().unwrap(), &vec![png(1)], "and published in the end");
    assert!(world.data.media_users(&orphan).await.unwrap().is_empty(), "no notes are left");
}

#[tokio::test]
async fn a_chore_is_done_by_one_worker_a_day() {
    let world = World::new().await;
    world.data.plan_chore(Chore::SweepMedia, NOW).await.unwrap();
    world.data.plan_chore(Chore::SweepMedia, after(9)).await.unwrap();
    let next = NOW.plus(Duration::from_secs(60));
    world.data.take_chore(Chore::SweepMedia, NOW, next).await.unwrap();
    assert!(matches!(
        world.data.take_chore(Chore::SweepMedia, NOW, next).await,
        Err(data::Error::Conflict)
    ));
    world.data.take_chore(Chore::SweepMedia, next, after(120)).await.unwrap();
}
