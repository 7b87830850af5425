//! Apps side by side, and apps that change while they are served.

use std::sync::Arc;

use auth::{KeyPair, sign_channel};
use channels::{App, Apps, Publish};
use identity::User;
use protocol::{AppId, ChannelName, Code, EventName, SocketId, UserId};

use super::world::{World, app, id, socket};
use crate::Credential;

fn second() -> App {
    App { id: AppId::new("2"), keys: vec![KeyPair::new("key-2", "secret-2")], ..app() }
}

fn ann() -> Credential {
    Credential::User(Arc::new(User { id: UserId::new("ann"), info: None, workspaces: Vec::new() }))
}

/// Puts other apps in the place of those served.
fn serve(world: &World, apps: Vec<App>) {
    world.service.shared_apps().replace(Apps::new(apps).unwrap());
}

async fn publish(world: &World, app: &App, except: Option<SocketId>) {
    let publish = Publish {
        channels: vec![ChannelName::parse("presence-room").unwrap()],
        event: EventName::parse("news").unwrap(),
        data: "d".into(),
        except,
        info: Default::default(),
    };
    world.service.publish(app, &publish, world.now_ms()).await.unwrap();
}

/// Joins as user `ann` with a signature of this pair.
async fn join(world: &World, n: u64, socket: SocketId, pair: &KeyPair) {
    let data = r#"{"user_id":"ann"}"#;
    let auth = sign_channel(pair, socket, "presence-room", Some(data));
    let ask = serde_json::json!({ "channel": "presence-room", "auth": auth, "channel_data": data });
    let frame = serde_json::json!({ "event": "pusher:subscribe", "data": ask });
    world.says(n, &frame.to_string()).await;
}

#[tokio::test]
async fn two_apps_with_the_same_channel_user_and_socket_id_share_nothing() {
    let world = World::new();
    let (one, two) = (app(), second());
    serve(&world, vec![one.clone(), two.clone()]);
    let same = socket(1);
    for (n, key, app) in [(1, "key", &one), (2, "key-2", &two)] {
        world.arrive_as(n, key, same, ann()).await.unwrap();
        join(&world, n, same, &app.keys[0]).await;
        let heard = world.heard();
        assert!(heard.contains(r#"\"count\":1"#) && !heard.contains("member_added"), "{heard}");
    }
    publish(&world, &one, Some(same)).await;
    assert_eq!(world.heard(), "", "its own socket is left out, the other app's is not meant");
    publish(&world, &two, None).await;
    let heard = world.heard();
    assert!(heard.starts_with("c2: ") && heard.lines().count() == 1, "{heard}");

    world.service.terminate_connections(&one, &UserId::new("ann"), world.now_ms()).await.unwrap();
    let heard = world.heard();
    assert!(heard.contains("c1: closed") && !heard.contains("c2"), "{heard}");
    join(&world, 2, same, &one.keys[0]).await;
    let heard = world.heard();
    assert!(heard.contains("c2: ") && !heard.contains("succeeded"), "{heard}");
}

#[tokio::test]
async fn a_key_that_was_added_is_good_on_connections_made_before() {
    let world = World::new();
    world.connect(1).await;
    let new = KeyPair::new("new-key", "new-secret");
    join(&world, 1, socket(1), &new).await;
    assert!(!world.heard().contains("succeeded"), "not yet");
    serve(&world, vec![App { keys: vec![new.clone(), app().keys[0].clone()], ..app() }]);
    join(&world, 1, socket(1), &new).await;
    assert!(world.heard().contains("subscription_succeeded"));
}

#[tokio::test]
async fn an_app_that_is_switched_off_ends_its_connections_and_only_them() {
    let world = World::new();
    serve(&world, vec![app(), second()]);
    for (n, key) in [(1, "key"), (2, "key-2"), (3, "key")] {
        world.arrive_as(n, key, socket(n), Credential::None).await.unwrap();
    }
    world.heard();
    serve(&world, vec![App { enabled: false, ..app() }, second()]);
    world.service.close_disabled(vec![id(1), id(2)]).await;
    assert_eq!(world.heard(), "c1: closed Some(AppDisabled) This app is disabled\n");
    // One that was overlooked ends with its next message.
    world.says(3, r#"{"event":"pusher:ping","data":"{}"}"#).await;
    assert_eq!(world.heard(), "c3: closed Some(AppDisabled) This app is disabled\n");
    let refused = world.arrive_as(4, "key", socket(4), Credential::None).await.unwrap_err();
    assert_eq!(refused.code, Some(Code::AppDisabled));
    world.says(2, r#"{"event":"pusher:ping","data":"{}"}"#).await;
    assert!(world.heard().contains("c2: {\"event\":\"pusher:pong\""));
}
