//! Lost connections are waited for; clean leaves are told at once.

use expect_test::expect;

use super::world::World;

#[tokio::test]
async fn a_reload_of_the_page_is_seen_by_nobody() {
    let world = World::new();
    world.connect(1).await;
    world.connect(2).await;
    world.subscribe(1, "presence-a", Some("ada")).await;
    world.subscribe(2, "presence-a", Some("bob")).await;
    world.heard();
    world.hooks();
    world.close(2).await;
    world.connect(3).await;
    world.subscribe(3, "presence-a", Some("bob")).await;
    expect![[r#"
        c3: {"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\"presence\":{\"count\":2,\"ids\":[\"ada\",\"bob\"],\"hash\":{\"ada\":null,\"bob\":null}}}"}
    "#]]
    .assert_eq(&world.heard());
    world.time_passes().await;
    assert_eq!(world.heard(), "");
    assert_eq!(world.hook_lines(), "");
}

#[tokio::test]
async fn who_stays_away_is_missed_after_a_while() {
    let world = World::new();
    for n in 1..4 {
        world.connect(n).await;
    }
    world.subscribe(1, "presence-a", Some("ada")).await;
    world.subscribe(2, "presence-a", Some("bob")).await;
    world.close(2).await;
    world.heard();
    world.hooks();
    world.subscribe(3, "presence-a", Some("cy")).await;
    assert!(world.heard().contains(r#"\"ids\":[\"ada\",\"bob\",\"cy\"]"#), "still in the roster");
    world.hooks();
    world.time_passes().await;
    expect![[r#"
        c1: {"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"bob\"}"}
        c3: {"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"bob\"}"}
    "#]]
    .assert_eq(&world.heard());
    world.unsubscribe(3, "presence-a").await;
    world.close(1).await;
    expect![[r#"
        MemberRemoved { channel: "presence-a", user_id: UserId("bob") }
        MemberRemoved { channel: "presence-a", user_id: UserId("cy") }
    "#]]
    .assert_eq(&world.hook_lines());
    world.time_passes().await;
    expect![[r#"
        MemberRemoved { channel: "presence-a", user_id: UserId("ada") }
        ChannelVacated { channel: "presence-a" }
    "#]]
    .assert_eq(&world.hook_lines());
}

#[tokio::test]
async fn a_clean_leave_is_told_at_once() {
    let world = World::new();
    world.connect(1).await;
    world.subscribe(1, "a", None).await;
    world.subscribe(1, "presence-a", Some("ada")).await;
    world.unsubscribe(1, "a").await;
    world.unsubscribe(1, "presence-a").await;
    expect![[r#"
        ChannelOccupied { channel: "a" }
        ChannelOccupied { channel: "presence-a" }
        MemberAdded { channel: "presence-a", user_id: UserId("ada") }
        ChannelVacated { channel: "a" }
        MemberRemoved { channel: "presence-a", user_id: UserId("ada") }
        ChannelVacated { channel: "presence-a" }
    "#]]
    .assert_eq(&world.hook_lines());
    assert!(world.take_job(0).is_none(), "nothing is waited for");
}
