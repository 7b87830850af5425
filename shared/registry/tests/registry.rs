//! Apps on the embedded engine.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use apps::{AppSpec, KeySpec, NewApp, Refused, SecretText, Source};
use auth::Secret;
use data::Data;
use protocol::{AppId, AppKey};
use registry::{REFRESH, Refusal, Registry};

async fn data() -> Data {
    let data = Data::new(embedded::memory().unwrap());
    data.create_tables_if_missing().await.unwrap();
    data
}

async fn open(data: &Data) -> Registry {
    let pair = KeySpec { key: "file-key".into(), secret: SecretText(Secret::new("s")) };
    Registry::open(data.clone(), vec![AppSpec::new("1", None, pair)], None).await.unwrap()
}

fn new(id: &str) -> NewApp {
    NewApp { id: Some(id.into()), ..NewApp::default() }
}

#[tokio::test]
async fn an_app_lives_through_its_keys_and_a_restart() {
    let data = data().await;
    let registry = open(&data).await;
    let (apps, mut changes) = (registry.apps(), registry.changes());
    let made = registry.create(new("2")).await.unwrap();
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    let id = AppId::new("2");
    let by_key = |key: &str| apps.load().by_key(&AppKey::new(key)).map(|app| app.id.clone());
    assert_eq!(by_key(&made.key), Some(id.clone()));
    assert!(made.app.source == Source::Table && made.app.enabled);

    let rotated = registry.rotate_key(&id).await.unwrap();
    assert_eq!(rotated.app.keys, [rotated.key.clone(), made.key.clone()]);
    assert_eq!((by_key(&made.key), by_key(&rotated.key)), (Some(id.clone()), Some(id.clone())));
    assert_ne!(made.secret.expose(), rotated.secret.expose());

    registry.remove_key(&id, &made.key).await.unwrap();
    assert_eq!((by_key(&made.key), by_key(&rotated.key)), (None, Some(id.clone())));
    let last = registry.remove_key(&id, &rotated.key).await;
    assert_eq!(last.unwrap_err(), Refusal::Refused(Refused::LastKey));

    registry.set_enabled(&id, false).await.unwrap();
    assert!(!apps.load().by_id(&id).unwrap().enabled && changes.has_changed().unwrap());
    drop(registry);
    let again = open(&data).await;
    let views = again.list().await.unwrap();
    let seen: Vec<_> = views.iter().map(|it| (it.id.as_str(), it.source, it.enabled)).collect();
    assert_eq!(seen, [("1", Source::Configuration, true), ("2", Source::Table, false)]);
    assert!(again.set_enabled(&id, true).await.unwrap().enabled);
    let app = again.apps().load().by_id(&id).cloned().unwrap();
    assert!(app.enabled && app.keys[0].secret.expose() == rotated.secret.expose());
}

#[tokio::test]
async fn the_configuration_is_not_changed_here_and_ids_are_not_shared() {
    let registry = open(&data().await).await;
    let file = AppId::new("1");
    assert_eq!(registry.create(new("1")).await.unwrap_err(), Refusal::Taken);
    assert_eq!(registry.set_enabled(&file, false).await.unwrap_err(), Refusal::Configured);
    assert_eq!(registry.rotate_key(&file).await.unwrap_err(), Refusal::Configured);
    assert_eq!(registry.remove_key(&file, "file-key").await.unwrap_err(), Refusal::Configured);
    assert_eq!(registry.show(&file).await.unwrap().keys, ["file-key"]);
    assert_eq!(registry.show(&AppId::new("9")).await.unwrap_err(), Refusal::NotFound);
    registry.create(new("2")).await.unwrap();
    assert_eq!(registry.create(new("2")).await.unwrap_err(), Refusal::Taken);
    let bad = registry.create(new("a/b")).await.unwrap_err();
    assert!(matches!(bad, Refusal::Spec(_)), "{bad}");
    let drawn = registry.create(NewApp::default()).await.unwrap();
    assert!(drawn.app.id.bytes().all(|byte| byte.is_ascii_digit()));
}

#[tokio::test]
async fn webhooks_of_an_app_are_served_with_it_and_a_broken_row_harms_nobody() {
    let data = data().await;
    let endpoint = webhooks::EndpointSpec {
        url: Some("https://example.com/".into()),
        ..webhooks::EndpointSpec::default()
    };
    let registry = open(&data).await;
    registry.create(NewApp { webhooks: vec![endpoint], ..new("2") }).await.unwrap();
    let id = AppId::new("2");
    let channel = protocol::ChannelName::parse("a").unwrap();
    let hook = channels::Hook::CacheMiss { channel };
    assert!(
        registry.endpoints().want(&id, &hook) && registry.apps().load().by_id(&id).unwrap().hooks
    );
    assert!(!registry.endpoints().want(&AppId::new("1"), &hook));

    data.create_app(&AppId::new("3"), "{\"keys\":12345}").await.unwrap();
    let again = open(&data).await;
    assert_eq!(again.list().await.unwrap().len(), 2);
    assert!(again.apps().load().by_id(&id).is_some());
}

#[tokio::test]
async fn what_another_process_changed_is_seen_within_seconds_and_nothing_else_is_told() {
    let data = data().await;
    let (one, two) = (open(&data).await, open(&data).await);
    let (apps, mut changes) = (two.apps(), two.changes());
    let refresh = REFRESH.as_millis() as u64;
    let id = AppId::new("2");
    two.refresh_when_due(1_000).await.unwrap();
    one.create(new("2")).await.unwrap();
    two.refresh_when_due(1_000 + refresh / 2 - 1).await.unwrap();
    assert!(apps.load().by_id(&id).is_none(), "the table was not read");
    two.refresh_when_due(1_000 + refresh).await.unwrap();
    assert!(apps.load().by_id(&id).is_some() && changes.has_changed().unwrap());
    changes.mark_unchanged();

    two.refresh_when_due(1_000 + 2 * refresh).await.unwrap();
    assert!(!changes.has_changed().unwrap(), "nothing has changed");
    one.set_enabled(&id, false).await.unwrap();
    two.refresh_when_due(1_000 + 3 * refresh).await.unwrap();
    assert!(!apps.load().by_id(&id).unwrap().enabled && changes.has_changed().unwrap());
}

#[tokio::test]
async fn who_hears_every_app_hears_those_of_the_table_too() {
    let data = data().await;
    let pair = KeySpec { key: "file-key".into(), secret: SecretText(Secret::new("s")) };
    let bus = webhooks::EndpointSpec {
        id: Some("all".into()),
        event_bus: Some("bus".into()),
        ..Default::default()
    };
    let (specs, everywhere) = (vec![AppSpec::new("1", None, pair)], bus.check().unwrap());
    let registry = Registry::open(data, specs, Some(everywhere.clone())).await.unwrap();
    registry.create(new("2")).await.unwrap();
    let (apps, endpoints) = (registry.apps().load(), registry.endpoints().load());
    for id in ["1", "2"].map(AppId::new) {
        assert!(apps.by_id(&id).unwrap().hooks);
        assert!(endpoints.get(&id, &everywhere.id).is_some());
    }
    let views = registry.list().await.unwrap();
    assert!(views.iter().all(|it| it.webhooks.is_empty()), "it is the host's, not the app's");
}
