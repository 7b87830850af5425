//! The Bluesky adapter against a real server of the AT protocol: exactly one record each time.
//!
//! `cargo xtask test` installs the server from the lock file in `tests/pds` and runs these tests.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod cutter;
mod server;

use std::time::{SystemTime, UNIX_EPOCH};

use platforms::{Apis, Platforms};
use posts::{
    Account, AccountId, AccountStatus, Attachment, Content, Credentials, DeliveryId, ErrorClass,
    NewAccount, Outcome, Picture, Post, PostId, Prepared, PublishTo, ReadBack, Refreshed, Request,
    Secret, Stage, Timestamp, UserId, When, WorkspaceId,
};
use serde_json::Value;
use tokio::task::JoinSet;

use cutter::Cutter;
use server::{HTTP, Pds};

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_ms(i64::try_from(now.as_millis()).unwrap())
}

/// One delivery to the server's account.
#[derive(Clone)]
struct Delivery {
    platforms: Platforms,
    account: Account,
    secret: Secret,
    payload: String,
    key: String,
    media: Vec<Attachment>,
}

impl Delivery {
    /// Signs in with the app password. `key` makes the delivery different from those of other tests.
    async fn new(pds: &Pds, key: &str, text: &str) -> (Self, Credentials) {
        let platforms = Platforms::new(HTTP.clone(), Apis::default());
        let new = NewAccount {
            workspace_id: None,
            platform: "bluesky".into(),
            name: "Alice".into(),
            url: pds.url.clone(),
            remote_id: pds.handle.clone(),
            secret: Secret::new(pds.password.as_str()),
        };
        assert_eq!(platforms.check(&new), []);
        let granted = platforms.sign_in(&new, now()).await.unwrap();
        assert_eq!(granted.remote_id, pds.did);
        let account = Account {
            id: AccountId::parse("acc_1").unwrap(),
            workspace_id: WorkspaceId::parse("ws_1").unwrap(),
            platform: new.platform,
            name: granted.name,
            url: granted.url,
            remote_id: granted.remote_id,
            created_by: UserId::parse("u_1").unwrap(),
            created_at: now(),
            status: AccountStatus::Connected,
            limits: None,
            version: 1,
        };
        let payload = platforms.freeze("bluesky", &post(text), &DeliveryId::parse("dlv").unwrap());
        let secret = granted.credentials.secret().clone();
        let delivery =
            Self { platforms, account, secret, payload, key: key.into(), media: Vec::new() };
        (delivery, granted.credentials)
    }

    fn request<'a>(&'a self, prepared: Option<&'a str>) -> Request<'a> {
        Request {
            account: &self.account,
            secret: &self.secret,
            idem_key: &self.key,
            payload: &self.payload,
            attempt: 1,
            at_s: now().seconds(),
            since_s: now().seconds(),
            prepared,
            media: &self.media,
        }
    }

    async fn prepare(&self) -> Option<String> {
        match self.platforms.prepare(self.request(None)).await {
            Prepared::Ready(state) => state,
            other => panic!("{other:?}"),
        }
    }

    async fn publish(&self, prepared: Option<&str>) -> Outcome {
        self.platforms.publish(self.request(prepared)).await.outcome
    }
}

fn post(text: &str) -> Post {
    let when = When { scheduled_at: now(), tz: None, local_time: None };
    Post {
        id: PostId::parse("post_1").unwrap(),
        workspace_id: WorkspaceId::parse("ws_1").unwrap(),
        author_id: UserId::parse("u_1").unwrap(),
        text: text.to_owned(),
        accounts: Vec::new(),
        stage: Stage::Scheduled { when },
        version: 1,
        media: Vec::new(),
        content_rev: 1,
        created_at: now(),
        updated_at: now(),
    }
}

/// The one record that says `text`.
async fn only(pds: &Pds, text: &str) -> Value {
    let mut records = pds.records(text).await;
    assert_eq!(records.len(), 1, "{records:?}");
    records.remove(0)
}

fn uri(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Published { remote_id: Some(uri), remote_url: Some(url) } => {
            assert!(url.starts_with("https://bsky.app/profile/did:plc:"), "{url}");
            uri
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[ignore = "needs the server of tests/pds; cargo xtask test runs it"]
async fn text_with_links_tags_and_a_mention() {
    let pds = Pds::shared();
    let text = "Grüße 👋🏽 an @alice.test und @nobody.test: https://example.com/a?b=c #pushbridge";
    let (delivery, _) = Delivery::new(pds, "text", text).await;
    let state = delivery.prepare().await;
    let outcome = delivery.publish(state.as_deref()).await;
    let record = only(pds, text).await;
    assert_eq!(record["uri"], uri(&outcome));
    let facets = record["value"]["facets"].as_array().unwrap();
    let marked: Vec<_> = facets
        .iter()
        .map(|facet| {
            let at = |end: &str| usize::try_from(facet["index"][end].as_u64().unwrap()).unwrap();
            let kind = facet["features"][0]["$type"].as_str().unwrap();
            (kind.rsplit('#').next().unwrap(), &text[at("byteStart")..at("byteEnd")])
        })
        .collect();
    let expected =
        [("link", "https://example.com/a?b=c"), ("tag", "#pushbridge"), ("mention", "@alice.test")];
    assert_eq!(marked, expected);
    assert_eq!(record["value"]["embed"]["external"]["uri"], "https://example.com/a?b=c");
    // The same again is the same post.
    assert_eq!(delivery.publish(state.as_deref()).await, outcome);
    only(pds, text).await;
}

/// The smallest PNG: one pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

#[tokio::test]
#[ignore = "needs the server of tests/pds; cargo xtask test runs it"]
async fn pictures_with_their_words() {
    let pds = Pds::shared();
    let (mut delivery, _) = Delivery::new(pds, "pictures", "Two pictures").await;
    let picture = |alt: &str| Attachment {
        picture: Picture {
            mime: "image/png".into(),
            bytes: PNG.len() as u64,
            width: 1,
            height: 1,
            alt: alt.into(),
        },
        bytes: PNG.to_vec(),
        url: None,
    };
    delivery.media = vec![picture("one"), picture("two")];
    let state = delivery.prepare().await;
    uri(&delivery.publish(state.as_deref()).await);
    let record = only(pds, "Two pictures").await;
    let images = record["value"]["embed"]["images"].as_array().unwrap();
    let alts: Vec<_> = images.iter().map(|image| image["alt"].as_str().unwrap()).collect();
    assert_eq!(alts, ["one", "two"]);
    assert_eq!(images[0]["image"]["mimeType"], "image/png");
}

#[tokio::test]
#[ignore = "needs the server of tests/pds; cargo xtask test runs it"]
async fn an_answer_that_is_lost_is_found_again() {
    let pds = Pds::shared();
    let (mut delivery, _) = Delivery::new(pds, "lost", "The answer is lost").await;
    let state = delivery.prepare().await;
    assert_eq!(
        delivery.platforms.read_back(delivery.request(state.as_deref())).await,
        ReadBack::NotThere
    );
    let cutter = Cutter::before(&pds.url).await;
    let straight = std::mem::replace(&mut delivery.account.url, cutter.url());
    let lost = delivery.publish(state.as_deref()).await;
    assert!(matches!(lost, Outcome::Unknown { .. }), "{lost:?}");
    only(pds, "The answer is lost").await;
    delivery.account.url = straight;
    let found = delivery.platforms.read_back(delivery.request(state.as_deref())).await;
    assert!(matches!(found, ReadBack::Found(_)), "{found:?}");
    let record = only(pds, "The answer is lost").await;
    assert_eq!(record["uri"], uri(&delivery.publish(state.as_deref()).await));
    only(pds, "The answer is lost").await;
}

#[tokio::test]
#[ignore = "needs the server of tests/pds; cargo xtask test runs it"]
async fn many_at_once_make_one() {
    let pds = Pds::shared();
    let (delivery, _) = Delivery::new(pds, "race", "Many at once").await;
    let state = delivery.prepare().await;
    let mut calls = JoinSet::new();
    for _ in 0..30 {
        let (delivery, state) = (delivery.clone(), state.clone());
        calls.spawn(async move { delivery.publish(state.as_deref()).await });
    }
    let outcomes = calls.join_all().await;
    let record = only(pds, "Many at once").await;
    assert!(outcomes.iter().all(|outcome| record["uri"] == uri(outcome)));
}

#[tokio::test]
#[ignore = "needs the server of tests/pds; cargo xtask test runs it"]
async fn an_ended_token_is_renewed() {
    let pds = Pds::shared();
    let (mut delivery, credentials) = Delivery::new(pds, "ended", "With a new token").await;
    let state = delivery.prepare().await;
    delivery.secret = Secret::new(pds.expired.as_str());
    let refused = delivery.publish(state.as_deref()).await;
    let auth =
        matches!(refused, Outcome::Refused { class: ErrorClass::Auth, http_status: Some(400), .. });
    assert!(auth, "{refused:?}");
    assert_eq!(pds.records("With a new token").await.len(), 0);
    let renewed = delivery.platforms.refresh(&delivery.account, &credentials, now()).await;
    let Refreshed::Renewed(tokens) = renewed else { panic!("{renewed:?}") };
    assert!(!tokens.should_refresh(now()), "it is good for two hours");
    delivery.secret = tokens.secret().clone();
    uri(&delivery.publish(state.as_deref()).await);
    only(pds, "With a new token").await;
}

#[tokio::test]
#[ignore = "needs the server of tests/pds; cargo xtask test runs it"]
async fn a_published_record_is_never_changed() {
    let pds = Pds::shared();
    let (mut delivery, _) = Delivery::new(pds, "changed", "As it was").await;
    let state = delivery.prepare().await;
    uri(&delivery.publish(state.as_deref()).await);
    delivery.payload = delivery.payload.replace("As it was", "As it never was");
    let refused = delivery.publish(state.as_deref()).await;
    assert!(
        matches!(refused, Outcome::Refused { class: ErrorClass::Duplicate, .. }),
        "{refused:?}"
    );
    only(pds, "As it was").await;
    assert!(pds.records("As it never was").await.is_empty());
}

#[tokio::test]
#[ignore = "needs the server of tests/pds; cargo xtask test runs it"]
async fn lengths_are_counted_as_the_server_counts() {
    let pds = Pds::shared();
    let family = "👨‍👩‍👧‍👦";
    for (text, fits) in [
        ("ä".repeat(300), true),
        ("ä".repeat(301), false),
        // 18 bytes and more each: the bytes are the limit, not the graphemes.
        (family.repeat(3000 / family.len()), true),
        (family.repeat(3000 / family.len() + 1), false),
    ] {
        let key = format!("length-{}", text.len());
        let (delivery, _) = Delivery::new(pds, &key, &text).await;
        let outcome = delivery.publish(None).await;
        let taken = matches!(outcome, Outcome::Published { .. });
        let (platform, server, pictures) = ("bluesky", None, None);
        let content = Content { platform, server, text: &text, pictures };
        assert_eq!(delivery.platforms.check_content(&content).is_empty(), fits, "{text}");
        assert_eq!(taken, fits, "{outcome:?}");
        assert_eq!(pds.records(&text).await.len(), usize::from(fits));
    }
}

#[tokio::test]
#[ignore = "needs the server of tests/pds; cargo xtask test runs it"]
async fn a_limit_is_named_and_nothing_is_published() {
    let mut pds = Pds::start();
    let (delivery, _) = Delivery::new(&pds, "limit", "Too many").await;
    pds.flood();
    let answer = delivery.platforms.publish(delivery.request(None)).await;
    let Outcome::RateLimited { retry_after_s: Some(pause), .. } = answer.outcome else {
        panic!("{answer:?}")
    };
    assert!((1..=300).contains(&pause) && answer.gate.is_some(), "{pause}");
    assert!(pds.records("Too many").await.is_empty());
}
