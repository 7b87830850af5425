//! Tokens: signing in, granting access, renewing.

use fakes::{Kind, REFRESH};
use platforms::{Addresses, Apis, Http, Platforms, Settings};
use posts::{
    Credentials, ErrorClass, NewAccount, OAuthAsk, OAuthRefusal, Outcome, PublishTo, Refreshed,
    Secret, Timestamp,
};

use crate::setting::{End, Setting, now_s, secret};

fn now() -> Timestamp {
    Timestamp::from_ms(i64::try_from(now_s() * 1000).unwrap())
}

fn tokens(setting: &Setting, refresh: Option<&str>) -> Credentials {
    Credentials::Tokens {
        access: setting.secret.clone(),
        refresh: refresh.map(Secret::new),
        issued_at: now(),
        expires_at: Some(now()),
    }
}

#[tokio::test]
async fn an_ended_token_is_renewed_and_the_post_goes_out_once() {
    for (name, kind) in [
        ("bluesky", Kind::Bluesky),
        ("x", Kind::X),
        ("linkedin", Kind::LinkedIn),
        ("linkedin_page", Kind::LinkedIn),
    ] {
        let mut setting = Setting::new(name, kind, "Renewed").await;
        setting.fake.expire();
        let (end, _) = setting.deliver().await;
        assert_eq!(end, End::Refused(ErrorClass::Auth), "{name}");
        let old = tokens(&setting, Some(REFRESH));
        let renewed = setting.platforms.refresh(&setting.account, &old, now()).await;
        let Refreshed::Renewed(Credentials::Tokens {
            access,
            refresh: Some(refresh),
            expires_at,
            ..
        }) = renewed
        else {
            panic!("{name}: {renewed:?}")
        };
        assert!(refresh.reveal() != REFRESH && expires_at.is_some(), "{name}");
        setting.secret = access;
        assert_eq!(setting.deliver().await.0, End::Published, "{name}");
        assert_eq!(setting.fake.ledger().len(), 1, "{name}");
        // The first refresh token worked once.
        let again = setting.platforms.refresh(&setting.account, &old, now()).await;
        assert!(matches!(again, Refreshed::Revoked { .. }), "{name}: {again:?}");
    }
}

#[tokio::test]
async fn metas_tokens_renew_themselves() {
    for (name, kind) in [("threads", Kind::Threads)] {
        let setting = Setting::new(name, kind, "Renewed").await;
        let renewed =
            setting.platforms.refresh(&setting.account, &tokens(&setting, None), now()).await;
        assert!(matches!(renewed, Refreshed::Renewed(_)), "{name}: {renewed:?}");
    }
    let setting = Setting::new("instagram", Kind::Instagram, "Renewed").await;
    let renewed = setting.platforms.refresh(&setting.account, &tokens(&setting, None), now()).await;
    assert!(matches!(renewed, Refreshed::Renewed(_)), "{renewed:?}");
    setting.fake.expire();
    let revoked = setting.platforms.refresh(&setting.account, &tokens(&setting, None), now()).await;
    assert!(matches!(revoked, Refreshed::Revoked { .. }), "{revoked:?}");
}

#[tokio::test]
async fn a_platform_in_trouble_revokes_nothing() {
    for name in ["bluesky", "x", "linkedin", "instagram", "threads"] {
        let mut setting = Setting::new(name, Kind::Slack, "Trouble").await;
        // Nobody listens there any more.
        setting.fake = fakes::Fake::start(Kind::Slack).await.unwrap();
        let old = tokens(&setting, Some(REFRESH));
        let refreshed = setting.platforms.refresh(&setting.account, &old, now()).await;
        assert!(matches!(refreshed, Refreshed::Unavailable { .. }), "{name}: {refreshed:?}");
    }
}

fn new_account(platform: &str, url: &str, remote_id: &str, secret: Secret) -> NewAccount {
    NewAccount {
        workspace_id: None,
        platform: platform.into(),
        name: "Ours".into(),
        url: url.into(),
        remote_id: remote_id.into(),
        secret,
    }
}

#[tokio::test]
async fn an_app_password_becomes_a_session() {
    let setting = Setting::new("bluesky", Kind::Bluesky, "").await;
    let new = |password: &str| {
        new_account("bluesky", &setting.fake.url(), "@alice.test", Secret::new(password))
    };
    assert_eq!(setting.platforms.check(&new("app-password")), []);
    let granted = setting.platforms.sign_in(&new("app-password"), now()).await.unwrap();
    assert_eq!((granted.remote_id.as_str(), granted.url), ("did:plc:fake", setting.fake.url()));
    assert!(matches!(granted.credentials, Credentials::Tokens { refresh: Some(_), .. }));
    let errors = setting.platforms.sign_in(&new("wrong"), now()).await.unwrap_err();
    assert_eq!((errors[0].field.as_str(), errors[0].code), ("secret", "refused"));
}

#[tokio::test]
async fn accounts_are_found_by_their_secret() {
    let mastodon = Setting::new("mastodon", Kind::Mastodon, "").await;
    let new = new_account("mastodon", &mastodon.fake.url(), "", mastodon.secret.clone());
    assert_eq!(mastodon.platforms.sign_in(&new, now()).await.unwrap().remote_id, "77");
    let wrong = NewAccount { secret: Secret::new("wrong"), ..new };
    assert_eq!(mastodon.platforms.sign_in(&wrong, now()).await.unwrap_err()[0].field, "secret");

    let discord = Setting::new("discord", Kind::Discord, "").await;
    let new = new_account("discord", "", "", secret("discord", &discord.fake.url()));
    let granted = discord.platforms.sign_in(&new, now()).await.unwrap();
    assert_eq!(granted.url, format!("{}/channels/33/22", discord.fake.url()));
}

#[tokio::test]
async fn a_platform_that_is_not_set_up_names_the_setting() {
    let slack = Setting::new("slack", Kind::Slack, "").await;
    let ask = OAuthAsk {
        redirect_uri: "",
        state: "",
        code_challenge: "",
        instance: "",
        registered: None,
    };
    assert_eq!(slack.platforms.authorize_url("slack", ask), Err(OAuthRefusal::NotOffered));
    let http = Http::new(Settings::new(Addresses::Public)).unwrap();
    let bare = Platforms::new(http, Apis::default());
    for (name, setting) in [
        ("x", "platforms.x.client"),
        ("linkedin", "platforms.linkedin.client"),
        ("linkedin_page", "platforms.linkedin.client"),
        ("facebook", "platforms.meta.client"),
        ("instagram", "platforms.meta.instagram_client"),
        ("threads", "platforms.threads.client"),
    ] {
        let refused = bare.authorize_url(name, ask);
        assert_eq!(refused, Err(OAuthRefusal::NotConfigured(setting)), "{name}");
    }
}

#[tokio::test]
async fn an_ended_token_stops_uploads_too() {
    use crate::setting::picture;
    for (name, kind) in [
        ("bluesky", Kind::Bluesky),
        ("mastodon", Kind::Mastodon),
        ("x", Kind::X),
        ("linkedin", Kind::LinkedIn),
        ("facebook", Kind::Facebook),
        ("instagram", Kind::Instagram),
        ("threads", Kind::Threads),
    ] {
        let mut setting = Setting::new(name, kind, "Picture").await;
        setting.media = vec![picture("one")];
        setting.fake.expire();
        let outcome = setting.prepare().await.unwrap_err();
        assert!(
            matches!(outcome, Outcome::Refused { class: ErrorClass::Auth, .. }),
            "{name}: {outcome:?}"
        );
    }
}
