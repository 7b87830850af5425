//! Accounts connected by asking a person: the way there, the browser in between, and the way back.

use std::time::Duration;

use fakes::Kind;
use outbound::{Call, Reply};
use posts::{Account, CONNECT_FOR, DeliveryStatus, Timestamp, UserId};
use publishing::{BeginConnect, Begun, BroughtBack, Refusal};
use reqwest::Method;
use reqwest::header::HeaderMap;
use url::Url;

use crate::world::{HTTP, World, now, pictures};

/// Every platform with such a way, and the ids of the accounts that it gives.
const ALL: [(&str, Kind, &[&str]); 7] = [
    ("x", Kind::X, &["2244994945"]),
    ("linkedin", Kind::LinkedIn, &["urn:li:person:AbC"]),
    ("linkedin_page", Kind::LinkedIn, &["urn:li:organization:5", "urn:li:organization:6"]),
    ("mastodon", Kind::Mastodon, &["77"]),
    ("facebook", Kind::Facebook, &["17841", "17842"]),
    ("instagram", Kind::Instagram, &["17841"]),
    ("threads", Kind::Threads, &["17841"]),
];

fn redirect_uri(platform: &str) -> String {
    format!("https://push.example/api/accounts/connect/{platform}/callback")
}

/// What a browser came back with.
struct Back {
    platform: &'static str,
    state: String,
    code: Result<String, String>,
    browser: String,
}

/// Begins to connect, as a page does.
async fn begin(world: &World, platform: &'static str) -> Result<Begun, Refusal> {
    let instance = if platform == "mastodon" { world.fake.url() } else { String::new() };
    let ask = BeginConnect { platform: platform.into(), instance, ..BeginConnect::default() };
    world.server.begin_connect(&world.me, ask, &redirect_uri(platform), now()).await
}

/// Follows the way to the platform, as a browser does, and reads where it is sent back to.
async fn follow(platform: &'static str, begun: &Begun) -> Back {
    let call = Call {
        method: Method::GET,
        url: &begun.url,
        headers: HeaderMap::new(),
        body: Vec::new(),
        now_s: 0,
    };
    let Reply::Answered { status: 302, headers, .. } = HTTP.call(call).await else {
        panic!("{platform}: {}", begun.url)
    };
    let back = Url::parse(headers["location"].to_str().unwrap()).unwrap();
    assert!(back.as_str().starts_with(&redirect_uri(platform)), "{back}");
    let value = |wanted: &str| {
        back.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    Back {
        platform,
        state: value("state").unwrap(),
        code: value("code").ok_or_else(|| value("error").unwrap()),
        browser: begun.browser.reveal().to_owned(),
    }
}

async fn finish(world: &World, back: &Back, at: Timestamp) -> Result<Vec<Account>, Refusal> {
    let brought = BroughtBack {
        platform: back.platform,
        state: &back.state,
        code: back.code.as_deref().map_err(String::as_str),
        browser: &back.browser,
        user: None,
    };
    world.server.finish_connect(brought, at).await
}

async fn connected(world: &World, platform: &'static str) -> Vec<Account> {
    let back = follow(platform, &begin(world, platform).await.unwrap()).await;
    finish(world, &back, now()).await.unwrap()
}

fn code_of(refused: Result<Vec<Account>, Refusal>) -> &'static str {
    match refused {
        Err(Refusal::Conflict { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn access_becomes_accounts_that_publish() {
    for (platform, kind, ids) in ALL {
        let mut world = World::public(platform, kind).await;
        // The one that was connected by its credentials is not among them.
        world.server.disconnect_account(&world.me, &world.account, now()).await.unwrap();
        let accounts = connected(&world, platform).await;
        let found: Vec<_> = accounts.iter().map(|it| it.remote_id.as_str()).collect();
        assert_eq!(found, ids, "{platform}");
        assert!(world.told().contains("account:connected"), "{platform}");
        world.account = accounts[0].id.clone();
        let end = world.publish_with("By OAuth", pictures().await).await;
        assert_eq!(end.status, DeliveryStatus::Published, "{platform}: {end:?}");
        for secret in ["client-secret", "good-token", "code-", "token-1"] {
            assert!(!world.told().contains(secret), "{platform} tells {secret}");
        }
        // Asked again it is the same account, connected again, and no instance is registered with twice.
        let again = connected(&world, platform).await;
        assert_eq!(again[0].id, accounts[0].id, "{platform}");
        assert_eq!(world.server.list_accounts(&world.me, None).await.unwrap().len(), ids.len());
        assert_eq!(world.fake.registered(), u32::from(platform == "mastodon"), "{platform}");
    }
}

#[tokio::test]
async fn an_answer_works_once_in_time_in_the_browser_that_asked() {
    for (platform, kind, _) in ALL {
        let world = World::new(platform, kind).await;
        let begun = begin(&world, platform).await.unwrap();
        let back = follow(platform, &begun).await;
        let other = Back {
            platform: "x",
            state: back.state.clone(),
            code: back.code.clone(),
            browser: back.browser.clone(),
        };
        if platform != "x" {
            assert_eq!(code_of(finish(&world, &other, now()).await), "state_unknown", "{platform}");
            // What came to the wrong address is used up all the same.
            assert_eq!(code_of(finish(&world, &back, now()).await), "state_unknown", "{platform}");
        }
        let back = follow(platform, &begin(&world, platform).await.unwrap()).await;
        let late = now().plus(CONNECT_FOR + Duration::from_secs(1));
        assert_eq!(code_of(finish(&world, &back, late).await), "state_unknown", "{platform}");

        let back = Back {
            browser: "another".into(),
            ..follow(platform, &begin(&world, platform).await.unwrap()).await
        };
        assert_eq!(code_of(finish(&world, &back, now()).await), "state_elsewhere", "{platform}");

        let back = follow(platform, &begin(&world, platform).await.unwrap()).await;
        assert!(finish(&world, &back, now()).await.is_ok(), "{platform}");
        assert_eq!(
            code_of(finish(&world, &back, now()).await),
            "state_unknown",
            "{platform} replayed"
        );
        // The same code under a new state: the platform refuses it.
        let used = Back {
            code: back.code.clone(),
            ..follow(platform, &begin(&world, platform).await.unwrap()).await
        };
        assert_eq!(code_of(finish(&world, &used, now()).await), "not_granted", "{platform} code");
        // Somebody else's code, which another verifier belongs to.
        let theirs = follow(platform, &begin(&world, platform).await.unwrap()).await;
        let mine = follow(platform, &begin(&world, platform).await.unwrap()).await;
        let stolen = Back { code: theirs.code, ..mine };
        assert_eq!(
            code_of(finish(&world, &stolen, now()).await),
            "not_granted",
            "{platform} verifier"
        );
    }
}

#[tokio::test]
async fn who_denies_access_is_told_that_nothing_changed() {
    for (platform, kind, _) in ALL {
        let world = World::new(platform, kind).await;
        world.fake.deny(true);
        let back = follow(platform, &begin(&world, platform).await.unwrap()).await;
        assert_eq!(code_of(finish(&world, &back, now()).await), "access_denied", "{platform}");
        assert_eq!(world.server.list_accounts(&world.me, None).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn another_user_does_not_end_what_one_began() {
    let world = World::new("x", Kind::X).await;
    let back = follow("x", &begin(&world, "x").await.unwrap()).await;
    let bob = UserId::parse("bob").unwrap();
    let brought = BroughtBack {
        platform: "x",
        state: &back.state,
        code: back.code.as_deref().map_err(String::as_str),
        browser: &back.browser,
        user: Some(&bob),
    };
    assert_eq!(code_of(world.server.finish_connect(brought, now()).await), "state_elsewhere");
}

#[tokio::test]
async fn a_reconnection_takes_the_same_account_only() {
    let world = World::new("x", Kind::X).await;
    let reconnect = async |id: &posts::AccountId| {
        let ask = BeginConnect {
            platform: "x".into(),
            account_id: Some(id.clone()),
            ..BeginConnect::default()
        };
        let begun = world.server.begin_connect(&world.me, ask, &redirect_uri("x"), now()).await;
        finish(&world, &follow("x", &begun.unwrap()).await, now()).await
    };
    let same = reconnect(&world.account).await.unwrap();
    assert_eq!(same[0].id, world.account);
    // An account of another number.
    let other = World::connect(&world, "17").await;
    assert_eq!(code_of(reconnect(&other).await), "other_account");
}

#[tokio::test]
async fn a_full_quota_holds_posts_back() {
    for (platform, kind) in [("instagram", Kind::Instagram), ("threads", Kind::Threads)] {
        let world = World::public(platform, kind).await;
        world.fake.use_quota(50);
        let id = world.create("Too many", pictures().await).await.unwrap();
        world.server.tick(now()).await;
        let view = world.server.get_post(&world.me, &id).await.unwrap();
        assert_eq!(view.deliveries[0].status, DeliveryStatus::Retrying, "{platform}");
        assert!(world.fake.ledger().is_empty() && world.told().contains("rate_limited"));
        let made = |call: &&String| call.starts_with("POST");
        assert_eq!(world.fake.calls().iter().filter(made).count(), 0, "{platform}");
    }
}
