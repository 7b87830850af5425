//! Series, approval, many posts at once, and what their people hear.

use std::collections::BTreeSet;

use posts::{
    Class, JobState, NewPost, NewPosts, NewSeries, PostStatus, Reject, Rule, SeriesState, Settings,
};
use publishing::{ListPosts, Refusal};

use crate::world::{Doing, NOW, World, after, caller, new_post};

/// Ten in the morning of [`NOW`]'s day in Berlin is two hours after it.
fn daily(accounts: &[&posts::Account]) -> NewSeries {
    NewSeries {
        media: Vec::new(),
        workspace_id: None,
        text: "Good morning".to_owned(),
        accounts: accounts.iter().map(|a| a.id.clone()).collect(),
        rule: Rule::Day { interval: 1 },
        local_time: "2026-11-20T11:00".to_owned(),
        tz: "Europe/Berlin".to_owned(),
        until: None,
    }
}

async fn scheduled(world: &World) -> Vec<String> {
    let ask = ListPosts { status: Some(PostStatus::Scheduled), ..ListPosts::default() };
    let page = world.server.list_posts(&world.me, ask).await.unwrap();
    page.posts.iter().map(|view| view.post.id.to_string()).collect()
}

#[tokio::test]
async fn a_series_makes_its_next_post_when_one_falls_due() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let series = world.server.create_series(&world.me, daily(&[&account]), NOW).await.unwrap();
    let id = series.series.id.clone();
    assert_eq!(scheduled(&world).await, [format!("{id}:2026-11-20")]);
    let SeriesState::Running { next_at } = series.series.state else { panic!("{series:?}") };
    let other = world.another_server();
    let (a, b) = tokio::join!(world.server.tick(next_at), other.tick(next_at));
    assert_eq!(a.published + b.published, 1);
    assert_eq!(scheduled(&world).await, [format!("{id}:2026-11-21")], "two runs make one post");
    let stranger = caller("eve", &["other"]);
    assert_eq!(world.server.stop_series(&stranger, &id).await, Err(Refusal::NotFound));
    world.server.stop_series(&world.me, &id).await.unwrap();
    world.server.tick(next_at.plus(std::time::Duration::from_secs(24 * 3600))).await;
    assert!(scheduled(&world).await.is_empty());
    let listed = world.server.list_series(&world.me, None).await.unwrap();
    assert_eq!((listed.len(), &listed[0].state), (1, &SeriesState::Ended));
}

#[tokio::test]
async fn a_wall_time_is_resolved_and_a_skipped_one_is_told() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let new = NewPost {
        tz: Some("America/New_York".to_owned()),
        local_time: Some("2027-03-14T02:30".to_owned()),
        ..new_post("Hi", &[&account], None)
    };
    let view = world.server.create_post(&world.me, new, NOW, None).await.unwrap();
    let at = view.post.when().unwrap().scheduled_at;
    assert_eq!(at.to_string(), "2027-03-14T07:30:00.000Z");
    assert_eq!(view.warnings[0].code, "skipped_time");
    assert!(world.get(&view.post.id).await.warnings.is_empty());
}

#[tokio::test]
async fn another_member_approves_before_a_post_is_scheduled() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let pending =
        || NewPost { needs_approval: true, ..new_post("Hi", &[&account], Some(after(60))) };
    let post = world.server.create_post(&world.me, pending(), NOW, None).await.unwrap().post;
    assert_eq!(post.status(), PostStatus::PendingApproval);
    world.server.tick(after(61)).await;
    assert!(world.ledger.calls().is_empty(), "nobody agreed");
    let code = |done: Result<posts::PostView, Refusal>| match done {
        Err(Refusal::Conflict { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    let own = world.server.approve_post(&world.me, &post.id, after(62)).await;
    assert_eq!(code(own), "own_post");
    assert_eq!(
        code(world.server.publish_now(&world.me, &post.id, after(62)).await),
        "needs_approval"
    );
    let boss = caller("bob", &["w"]);
    let done = world.server.approve_post(&boss, &post.id, after(63)).await.unwrap();
    assert_eq!(done.post.status(), PostStatus::Scheduled);
    assert_eq!(world.server.tick(after(63)).await.published, 1);

    let post = world.server.create_post(&world.me, pending(), NOW, None).await.unwrap().post;
    let late = world.server.approve_post(&boss, &post.id, after(600)).await;
    assert_eq!(code(late), "time_is_over");
    let reject = Reject { reason: "Not this week.".to_owned() };
    let done = world.server.reject_post(&boss, &post.id, reject, after(600)).await.unwrap();
    assert_eq!(done.post.status(), PostStatus::Draft);
    for (event, count) in
        [("post:approval-requested", 2), ("post:approved", 1), ("post:rejected", 1)]
    {
        assert_eq!(world.heard.of(event).len(), count, "{event}");
    }
    assert_eq!(world.heard.of("post:rejected")[0]["data"]["reason"], "Not this week.");
}

#[tokio::test]
async fn many_posts_are_checked_whole_and_made_by_the_ticker() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let mut posts: Vec<_> =
        (0..250).map(|n| new_post(&format!("{n}"), &[&account], Some(after(600)))).collect();
    posts[3].text = "forbidden".to_owned();
    posts[7].accounts.clear();
    let bulk = |posts| NewPosts { workspace_id: None, posts };
    let refused = world.server.bulk_posts(&world.me, bulk(posts.clone()), NOW).await;
    let Err(Refusal::Invalid(errors)) = refused else { panic!("{refused:?}") };
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["posts[3].text", "posts[7].accounts"]);
    posts[3].text.clear();
    posts[3].text.push_str("fine");
    posts[7].accounts.push(account.id.clone());
    let job = world.server.bulk_posts(&world.me, bulk(posts), NOW).await.unwrap();
    assert_eq!((job.status(), job.total), ("queued", 250));
    let other = world.another_server();
    tokio::join!(world.server.tick(NOW), other.tick(NOW));
    let job = world.server.get_job(&world.me, &job.id).await.unwrap();
    assert!(matches!(job.state, JobState::Succeeded { .. }) && job.done == 250);
    let told = world.heard.of("job:status-changed");
    assert_eq!(told.last().unwrap()["data"]["progress"]["percent"], 100);
    let created = world.heard.of("post:created");
    let different: BTreeSet<_> = created.iter().map(|e| e["id"].to_string()).collect();
    assert_eq!(different.len(), 250);
    assert_eq!(world.server.get_job(&caller("eve", &["x"]), &job.id).await, Err(Refusal::NotFound));
}

#[tokio::test]
async fn a_person_hears_of_what_went_wrong_once() {
    let world = World::with(Class::Opaque, Settings::default()).await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    world.ledger.next(Doing::LoseAnswer);
    world.server.tick(NOW).await;
    world.server.tick(after(400)).await;
    let heard = world.server.list_notifications(&world.me).await.unwrap();
    assert_eq!((heard.notifications.len(), heard.unread_count), (1, 1));
    assert_eq!(heard.notifications[0].kind.as_str(), "post_unconfirmed");
    assert_eq!(heard.notifications[0].link, format!("/api/posts/{}", post.id));
    let told = world.heard.of("notification:received");
    assert_eq!((told.len(), &told[0]["data"]["unread_count"]), (1, &serde_json::json!(1)));
    let nobody = world.server.list_notifications(&caller("eve", &["w"])).await.unwrap();
    assert!(nobody.notifications.is_empty(), "it is the author's alone");
    let read = world.server.read_notifications(&world.me, &[], after(500)).await.unwrap();
    assert_eq!(read.unread_count, 0);
    assert_eq!(world.heard.of("notification:read").len(), 1);
    world.server.read_notifications(&world.me, &[], after(501)).await.unwrap();
    assert_eq!(world.heard.of("notification:read").len(), 1, "nothing was left to read");
}
