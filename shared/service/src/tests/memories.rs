//! Cache channels and histories.

use channels::{EventsAfter, events_after};
use expect_test::expect;

use super::world::World;

async fn missed(world: &World, channel: &str, after: &str) -> (Vec<String>, bool) {
    let apps = world.service.apps();
    let app = apps.first();
    let ask: EventsAfter = events_after::check(app, channel, Some(after)).unwrap();
    let missed = world.service.events_after(app, &ask, 10_000).await.unwrap();
    let frames = missed.events.iter().map(|it| format!("{:?}", it.frame(&ask.channel)));
    (frames.collect(), missed.complete)
}

#[tokio::test]
async fn a_cache_channel_greets_with_its_last_event() {
    let world = World::new();
    for n in 1..5 {
        world.connect(n).await;
    }
    world.subscribe(1, "private-cache-a", None).await;
    world.subscribe(2, "private-cache-a", None).await;
    expect![[r#"
        c1: {"event":"pusher_internal:subscription_succeeded","channel":"private-cache-a","data":"{}"}
        c1: {"event":"pusher:cache_miss","channel":"private-cache-a","data":"{}"}
        c2: {"event":"pusher_internal:subscription_succeeded","channel":"private-cache-a","data":"{}"}
        c2: {"event":"pusher:cache_miss","channel":"private-cache-a","data":"{}"}
    "#]]
    .assert_eq(&world.heard());
    expect![[r#"
        ChannelOccupied { channel: "private-cache-a" }
        CacheMiss { channel: "private-cache-a" }
    "#]]
    .assert_eq(&world.hook_lines());
    world.publish("private-cache-a", None).await;
    // A client's event is never kept.
    world.says(1, r#"{"event":"client-x","channel":"private-cache-a","data":"d"}"#).await;
    world.heard();
    world.subscribe(3, "private-cache-a", None).await;
    expect![[r#"
        c3: {"event":"pusher_internal:subscription_succeeded","channel":"private-cache-a","data":"{}"}
        c3: {"event":"e","channel":"private-cache-a","data":"d"}
    "#]]
    .assert_eq(&world.heard());
    world.subscribe(3, "private-cache-a", None).await;
    assert!(world.heard().contains("Existing subscription"), "and nothing is sent twice");
    world.subscribe(4, "mycache-a", None).await;
    assert_eq!(world.heard().lines().count(), 1, "prefixes are anchored");
}

#[tokio::test]
async fn events_of_a_history_are_numbered_and_can_be_had_again() {
    let world = World::new();
    for n in 1..3 {
        world.connect(n).await;
        world.subscribe(n, "private-log-a", None).await;
    }
    world.heard();
    world.publish("private-log-a", None).await;
    world.says(1, r#"{"event":"client-x","channel":"private-log-a","data":{"k":1}}"#).await;
    world.publish("private-a", None).await;
    let heard = world.heard();
    expect![[r#"
        c1: {"event":"e","channel":"private-log-a","data":"d","serial":10000000}
        c2: {"event":"e","channel":"private-log-a","data":"d","serial":10000000}
        c2: {"event":"client-x","channel":"private-log-a","data":{"k":1},"serial":10000001}
    "#]]
    .assert_eq(&heard);
    let frames: Vec<String> =
        heard.lines().filter_map(|line| line.strip_prefix("c2: ")).map(str::to_owned).collect();
    assert_eq!(missed(&world, "private-log-a", "0").await, (frames.clone(), false));
    assert_eq!(missed(&world, "private-log-a", "10000000").await, (frames[1..].to_vec(), true));
    assert_eq!(missed(&world, "private-log-a", "10000001").await, (Vec::new(), true));
}
