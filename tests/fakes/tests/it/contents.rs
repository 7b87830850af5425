//! What is published: texts, pictures, containers.

use fakes::Kind;
use posts::{ErrorClass, Outcome, PublishTo};

use crate::setting::{ALL, End, Setting, picture};

#[tokio::test]
async fn texts_arrive_as_their_platform_writes_them() {
    for (name, kind) in ALL {
        let setting = Setting::new(name, kind, "a_b & <c> #d").await;
        assert_eq!(setting.deliver().await.0, End::Published, "{name}");
        let expected = match name {
            "linkedin" | "linkedin_page" => r"a\_b & \<c\> \#d",
            "slack" => "a_b &amp; &lt;c&gt; #d",
            _ => "a_b & <c> #d",
        };
        assert_eq!(setting.fake.ledger()[0].text, expected, "{name}");
    }
}

#[tokio::test]
async fn pictures_go_along() {
    for (name, kind) in ALL.into_iter().filter(|(name, _)| *name != "webhook") {
        for count in [1, 3] {
            let mut setting = Setting::new(name, kind, "With pictures").await;
            setting.media = (0..count).map(|at| picture(&format!("picture {at}"))).collect();
            assert_eq!(setting.deliver().await.0, End::Published, "{name} {count}");
            assert_eq!(setting.fake.ledger()[0].pictures, count, "{name} {count}");
        }
    }
}

#[tokio::test]
async fn what_is_being_processed_is_waited_for() {
    for (name, kind) in
        [("instagram", Kind::Instagram), ("threads", Kind::Threads), ("mastodon", Kind::Mastodon)]
    {
        let mut setting = Setting::new(name, kind, "Slowly").await;
        setting.media = vec![picture("slow")];
        setting.fake.work_for(3);
        assert_eq!(setting.deliver().await.0, End::Published, "{name}");
        let looks = setting.fake.calls().iter().filter(|call| call.starts_with("GET ")).count();
        // Three looks in vain and one that is not; then the address, where it is asked for.
        assert!(looks >= 4, "{name}: {:?}", setting.fake.calls());
        assert_eq!(setting.fake.ledger().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn what_was_prepared_is_not_made_again() {
    for (name, kind) in ALL {
        let mut setting = Setting::new(name, kind, "Once").await;
        if name != "webhook" {
            setting.media = vec![picture("one")];
        }
        let state = setting.prepare().await.unwrap();
        let uploads = |setting: &Setting| {
            setting.fake.calls().iter().filter(|call| !call.starts_with("GET ")).count()
        };
        let before = uploads(&setting);
        let again = setting.platforms.prepare(setting.request(2, state.as_deref())).await;
        assert_eq!(again, posts::Prepared::Ready(state), "{name}");
        assert_eq!(uploads(&setting), before, "{name}");
    }
}

#[tokio::test]
async fn a_picture_that_must_be_fetched_needs_an_address() {
    for (name, kind) in [
        ("facebook", Kind::Facebook),
        ("instagram", Kind::Instagram),
        ("threads", Kind::Threads),
        ("slack", Kind::Slack),
    ] {
        let mut setting = Setting::new(name, kind, "Where?").await;
        setting.media = vec![picture("here")];
        setting.media[0].url = None;
        let outcome = match setting.prepare().await {
            Err(outcome) => outcome,
            Ok(state) => {
                setting.platforms.publish(setting.request(1, state.as_deref())).await.outcome
            }
        };
        let media = matches!(outcome, Outcome::Refused { class: ErrorClass::Media, .. });
        assert!(media && setting.fake.ledger().is_empty(), "{name}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_version_that_is_switched_off_is_the_operators_matter() {
    let mut setting = Setting::new("linkedin", Kind::LinkedIn, "Old").await;
    let api = platforms::apis::LinkedInApi {
        api: setting.fake.url(),
        version: "202401".into(),
        ..Default::default()
    };
    let settings = platforms::Settings::new(platforms::Addresses::AlsoPrivate);
    let apis = platforms::Apis { linkedin: api, ..Default::default() };
    setting.platforms = platforms::Platforms::new(platforms::Http::new(settings).unwrap(), apis);
    assert_eq!(setting.deliver().await.0, End::Refused(ErrorClass::Internal));
}
