//! How many subscribe.

use channels::{App, Limits};
use expect_test::expect;

use super::world::{World, app};

fn counting() -> World {
    let limits = Limits { connections: None, ..app().limits };
    World::of(App { subscription_counts: true, limits, ..app() })
}

/// The counts told since the last look: how many receivers, and which.
fn told(world: &World) -> Vec<u64> {
    let counts = world.frames().into_values().flatten();
    let counts = counts.filter(|it| it["event"] == "pusher_internal:subscription_count");
    let parse = |it: serde_json::Value| {
        let data: serde_json::Value = serde_json::from_str(it["data"].as_str().unwrap()).unwrap();
        data["subscription_count"].as_u64().unwrap()
    };
    counts.map(parse).collect()
}

#[tokio::test]
async fn every_change_is_told_to_all() {
    let world = counting();
    world.connect(1).await;
    world.connect(2).await;
    world.subscribe(1, "a", None).await;
    world.subscribe(2, "a", None).await;
    world.subscribe(2, "presence-a", Some("ada")).await;
    expect![[r#"
        c1: {"event":"pusher_internal:subscription_succeeded","channel":"a","data":"{}"}
        c1: {"event":"pusher_internal:subscription_count","channel":"a","data":"{\"subscription_count\":1}"}
        c2: {"event":"pusher_internal:subscription_succeeded","channel":"a","data":"{}"}
        c1: {"event":"pusher_internal:subscription_count","channel":"a","data":"{\"subscription_count\":2}"}
        c2: {"event":"pusher_internal:subscription_count","channel":"a","data":"{\"subscription_count\":2}"}
        c2: {"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\"presence\":{\"count\":1,\"ids\":[\"ada\"],\"hash\":{\"ada\":null}}}"}
    "#]]
    .assert_eq(&world.heard());
    world.unsubscribe(2, "a").await;
    assert_eq!(told(&world), [1]);
    world.subscribe(2, "a", None).await;
    world.heard();
    world.close(2).await;
    assert_eq!(told(&world), [1]);
    let hooks = world.hook_lines();
    let last = hooks.lines().rfind(|it| it.contains("Count")).unwrap();
    assert_eq!(last, r#"SubscriptionCount { channel: "a", subscription_count: 1 }"#);
}

#[tokio::test]
async fn a_large_channel_is_told_now_and_then() {
    let world = counting();
    for n in 1..=100 {
        world.connect_quietly(n).await;
        world.subscribe(n, "a", None).await;
    }
    world.heard();
    for n in 101..=110 {
        world.connect_quietly(n).await;
        world.subscribe(n, "a", None).await;
    }
    assert!(told(&world).is_empty());
    world.time_passes().await;
    assert_eq!(told(&world), [110; 110], "once, to all");
    world.time_passes().await;
    assert!(told(&world).is_empty());
    world.unsubscribe(110, "a").await;
    assert!(told(&world).is_empty());
    world.time_passes().await;
    assert_eq!(told(&world), [109; 109]);
}

#[tokio::test]
async fn nobody_is_told_unless_the_app_wants_it() {
    let world = World::of(App { limits: Limits::default(), ..app() });
    world.connect(1).await;
    world.subscribe(1, "a", None).await;
    assert!(told(&world).is_empty());
    assert!(!world.hook_lines().contains("Count"));
}
