//! What people do.

use posts::{NewAccount, NewPost, PatchPost, PostId, PostStatus, Secret, WorkspaceId};
use publishing::{ListPosts, Refusal};

use crate::world::{NOW, World, after, caller, new_post};

fn codes(refusal: Refusal) -> Vec<(String, &'static str)> {
    match refusal {
        Refusal::Invalid(errors) => errors.into_iter().map(|e| (e.field, e.code)).collect(),
        other => panic!("{other:?}"),
    }
}

fn conflict<T: std::fmt::Debug>(result: Result<T, Refusal>) -> &'static str {
    match result {
        Err(Refusal::Conflict { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_field_error_comes_at_once() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let new = NewPost {
        text: "x".repeat(5_001),
        accounts: vec![
            account.id.clone(),
            account.id.clone(),
            posts::AccountId::parse("none").unwrap(),
        ],
        scheduled_at: Some(posts::Timestamp::from_ms(1)),
        tz: Some("Mars/Olympus".to_owned()),
        local_time: Some("soon".to_owned()),
        ..NewPost::default()
    };
    let refusal = world.server.create_post(&world.me, new, NOW, None).await.unwrap_err();
    let expected = [
        ("text", "too_long"),
        ("accounts[1]", "duplicate"),
        ("accounts[2]", "not_found"),
        ("scheduled_at", "in_the_past"),
        ("tz", "unknown_time_zone"),
        ("local_time", "malformed"),
    ];
    assert_eq!(codes(refusal), expected.map(|(field, code)| (field.to_owned(), code)));
    let nothing = world.server.list_posts(&world.me, ListPosts::default()).await.unwrap();
    assert!(nothing.posts.is_empty());
}

#[tokio::test]
async fn a_platform_may_refuse_a_text() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let new = new_post("forbidden", &[&account], Some(NOW));
    let refusal = world.server.create_post(&world.me, new, NOW, None).await.unwrap_err();
    assert_eq!(codes(refusal), [("text".to_owned(), "forbidden")]);
}

#[tokio::test]
async fn a_stranger_finds_nothing() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let id = world.schedule(&[&account], after(60)).await.post.id;
    let stranger = caller("eve", &["w2", "W", "w "]);
    let (server, patch) = (&world.server, PatchPost::default());
    assert_eq!(server.get_post(&stranger, &id).await, Err(Refusal::NotFound));
    assert_eq!(server.edit_post(&stranger, &id, patch, NOW, None).await, Err(Refusal::NotFound));
    assert_eq!(server.cancel_post(&stranger, &id, NOW).await, Err(Refusal::NotFound));
    assert_eq!(server.publish_now(&stranger, &id, NOW).await, Err(Refusal::NotFound));
    assert_eq!(server.delete_post(&stranger, &id, NOW).await, Err(Refusal::NotFound));
    assert_eq!(
        server.disconnect_account(&stranger, &account.id, NOW).await,
        Err(Refusal::NotFound)
    );
    let ask =
        ListPosts { workspace_id: Some(WorkspaceId::parse("w").unwrap()), ..ListPosts::default() };
    assert_eq!(server.list_posts(&stranger, ask).await, Err(Refusal::NotFound));
    let foreign = WorkspaceId::parse("w").unwrap();
    assert_eq!(server.list_accounts(&stranger, Some(&foreign)).await, Err(Refusal::NotFound));
    let new = NewPost {
        workspace_id: Some(WorkspaceId::parse("w2").unwrap()),
        ..new_post("a", &[&account], None)
    };
    let refusal = server.create_post(&stranger, new, NOW, None).await.unwrap_err();
    assert_eq!(
        codes(refusal),
        [("accounts[0]".to_owned(), "not_found")],
        "an account of another workspace"
    );
}

#[tokio::test]
async fn a_draft_is_edited_scheduled_and_cancelled() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let (server, me) = (&world.server, &world.me);
    let draft = server.create_post(me, new_post("", &[], None), NOW, Some("1.2")).await.unwrap();
    let id = draft.post.id;
    let early = PatchPost { scheduled_at: Some(Some(after(60))), ..PatchPost::default() };
    let refusal = server.edit_post(me, &id, early, NOW, None).await.unwrap_err();
    assert_eq!(
        codes(refusal),
        [("text".to_owned(), "required"), ("accounts".to_owned(), "required")]
    );
    let patch = PatchPost {
        media: None,
        version: Some(1),
        text: Some("Hello".to_owned()),
        accounts: Some(vec![account.id.clone()]),
        scheduled_at: Some(Some(after(60))),
        tz: Some(Some("Europe/Berlin".to_owned())),
        local_time: Some(Some("2026-11-20T09:01".to_owned())),
    };
    let scheduled = server.edit_post(me, &id, patch.clone(), NOW, Some("1.2")).await.unwrap();
    // Two versions later: the change and the new time are two events.
    assert_eq!((scheduled.post.status(), scheduled.post.version), (PostStatus::Scheduled, 3));
    assert_eq!(conflict(server.edit_post(me, &id, patch, NOW, None).await), "version_conflict");
    let text = PatchPost { text: Some("Hello again".to_owned()), ..PatchPost::default() };
    let edited = server.edit_post(me, &id, text, after(3600), None).await.unwrap();
    assert_eq!(
        edited.post.when(),
        scheduled.post.when(),
        "a time that is left alone is not checked again"
    );
    let cancelled = server.cancel_post(me, &id, NOW).await.unwrap();
    assert_eq!(cancelled.post.status(), PostStatus::Cancelled);
    assert_eq!(conflict(server.cancel_post(me, &id, NOW).await), "post_cancelled");
    assert_eq!(conflict(server.publish_now(me, &id, NOW).await), "post_cancelled");
    assert_eq!(server.tick(after(120)).await, publishing::TickReport::default());
    server.delete_post(me, &id, NOW).await.unwrap();
    assert_eq!(server.get_post(me, &id).await, Err(Refusal::NotFound));
    let names = [
        "post:created",
        "post:updated",
        "post:scheduled",
        "post:updated",
        "post:cancelled",
        "post:deleted",
    ];
    assert_eq!(world.heard.names()[1..], names, "after account:connected");
    let seqs: Vec<_> =
        world.heard.of("").iter().skip(1).map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
    let excepted: Vec<_> =
        world.heard.all().into_iter().filter(|a| a.except_socket.is_some()).collect();
    assert_eq!(excepted.len(), 2, "created and the first updated");
}

#[tokio::test]
async fn events_go_to_author_post_and_workspace() {
    let world = World::new().await;
    let post = world.schedule(&[&world.connect("one").await], NOW).await.post;
    let told = &world.heard.all()[1];
    let channels = [
        "private-user-ann".to_owned(),
        format!("private-post-{}", post.id),
        "private-workspace-w".to_owned(),
    ];
    assert_eq!(told.channels, channels);
    let envelope = &world.heard.of("post:created")[0];
    assert_eq!(envelope["actor"], serde_json::json!({ "type": "user", "id": "ann" }));
    assert_eq!(envelope["data"]["post"]["excerpt"], "Hello");
    assert!(envelope["id"].as_str().unwrap().starts_with("evt_"));
}

#[tokio::test]
async fn a_secret_is_never_shown() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let listed = world.server.list_accounts(&world.me, None).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&account));
    let shown =
        format!("{}{listed:?}{:?}", serde_json::to_string(&listed).unwrap(), world.heard.all());
    assert!(!shown.contains("s3cret"), "{shown}");
    let new = NewAccount {
        remote_id: String::new(),
        workspace_id: None,
        platform: "fax".to_owned(),
        name: " ".to_owned(),
        url: String::new(),
        secret: Secret::new("s3cret"),
    };
    assert!(!format!("{new:?}").contains("s3cret"));
    let refusal = world.server.connect_account(&world.me, new, NOW).await.unwrap_err();
    assert_eq!(codes(refusal), [("name".to_owned(), "length"), ("platform".to_owned(), "unknown")]);
}

#[tokio::test]
async fn pages_follow_their_cursor() {
    let world = World::new().await;
    let account = world.connect("one").await;
    for seconds in 1..=5 {
        world.schedule(&[&account], after(seconds)).await;
    }
    let (mut seen, mut cursor) = (Vec::<PostId>::new(), None);
    loop {
        let ask = ListPosts { limit: Some(2), cursor, ..ListPosts::default() };
        let page = world.server.list_posts(&world.me, ask).await.unwrap();
        assert!(page.posts.len() <= 2);
        seen.extend(page.posts.into_iter().map(|view| view.post.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 5);
    let bad = ListPosts { limit: Some(0), cursor: Some("x".to_owned()), ..ListPosts::default() };
    let refusal = world.server.list_posts(&world.me, bad).await.unwrap_err();
    assert_eq!(
        codes(refusal),
        [("limit".to_owned(), "out_of_range"), ("cursor".to_owned(), "malformed")]
    );
}

#[tokio::test]
async fn a_new_wall_time_or_zone_moves_a_post() {
    let world = World::new().await;
    let account = world.connect("one").await;
    let (server, me) = (&world.server, &world.me);
    let new = NewPost {
        tz: Some("Europe/Berlin".to_owned()),
        local_time: Some("2026-12-01T09:00".to_owned()),
        ..new_post("Hello", &[&account], None)
    };
    let post = server.create_post(me, new, NOW, None).await.unwrap().post;
    let due = async |patch: PatchPost| {
        let edited = server.edit_post(me, &post.id, patch, NOW, None).await.unwrap();
        (edited.post.when().unwrap().scheduled_at.to_string(), edited.warnings.len())
    };
    let some = |text: &str| Some(Some(text.to_owned()));
    let zone = PatchPost { tz: some("America/New_York"), ..PatchPost::default() };
    assert_eq!(due(zone).await, ("2026-12-01T14:00:00.000Z".to_owned(), 0));
    let wall = PatchPost { local_time: some("2027-03-14T02:30"), ..PatchPost::default() };
    assert_eq!(
        due(wall).await,
        ("2027-03-14T07:30:00.000Z".to_owned(), 1),
        "a time that is skipped"
    );
    let both = PatchPost {
        tz: some("UTC"),
        local_time: some("2026-12-02T09:00"),
        scheduled_at: Some(Some(after(60))),
        ..PatchPost::default()
    };
    assert_eq!(due(both).await, (after(60).to_string(), 0), "the instant decides");
    let malformed = PatchPost { tz: some("Nowhere/At_All"), ..PatchPost::default() };
    let refusal = server.edit_post(me, &post.id, malformed, NOW, None).await.unwrap_err();
    assert_eq!(codes(refusal), [("tz".to_owned(), "unknown_time_zone")]);
    assert_eq!(world.heard.of("post:scheduled").len(), 4, "each move is told");
}
