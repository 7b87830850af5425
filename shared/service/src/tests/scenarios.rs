use expect_test::expect;
use protocol::Code;

use super::world::World;
use crate::Credential;

#[tokio::test]
async fn a_stranger_is_refused_before_anything_is_remembered() {
    let world = World::new();
    let fault = world.arrive(1, Credential::Invalid("no".into())).await.unwrap_err();
    assert_eq!(fault.code, Some(Code::Unauthorized));
    for n in 2..10 {
        world.connect(n).await;
    }
    let fault = world.arrive(10, Credential::None).await.unwrap_err();
    assert_eq!(fault.code, Some(Code::OverQuota));
}

#[tokio::test]
async fn a_token_joins_its_own_channel_and_asks_the_policy_for_others() {
    let world = World::new();
    world.connect_as(1, "ann", "w1").await;
    expect![[r#"
        c1: {"event":"pusher:connection_established","data":"{\"socket_id\":\"1.1\",\"activity_timeout\":120}"}
        c1: {"event":"pusher_internal:subscription_succeeded","channel":"private-user-ann","data":"{}"}
    "#]]
    .assert_eq(&world.heard());
    let ask = |channel: &str| {
        format!(r#"{{"event":"pusher:subscribe","data":{{"channel":"{channel}"}}}}"#)
    };
    for channel in ["private-workspace-w1", "private-post-p1", "presence-workspace-w1"] {
        world.says(1, &ask(channel)).await;
        assert!(world.heard().contains("subscription_succeeded"), "{channel}");
    }
    for channel in ["private-workspace-w2", "private-post-p2", "private-user-bob", "private-x"] {
        world.says(1, &ask(channel)).await;
        let heard = world.heard();
        assert!(heard.contains(r#""status":403"#) && !heard.contains("succeeded"), "{heard}");
    }
    world.connect_as(2, "bob", "w2").await;
    world.heard();
    world.says(2, &ask("private-post-p1")).await;
    assert!(world.heard().contains(r#""status":403"#));
}

#[tokio::test]
async fn presence_counts_users() {
    let world = World::new();
    for n in 1..4 {
        world.connect(n).await;
    }
    world.subscribe(1, "presence-a", Some("ada")).await;
    world.heard();
    world.subscribe(2, "presence-a", Some("ada")).await;
    expect![[r#"
        c2: {"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\"presence\":{\"count\":1,\"ids\":[\"ada\"],\"hash\":{\"ada\":null}}}"}
    "#]]
    .assert_eq(&world.heard());
    world.subscribe(3, "presence-a", Some("bob")).await;
    expect![[r#"
        c3: {"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\"presence\":{\"count\":2,\"ids\":[\"ada\",\"bob\"],\"hash\":{\"ada\":null,\"bob\":null}}}"}
        c1: {"event":"pusher_internal:member_added","channel":"presence-a","data":"{\"user_id\":\"bob\"}"}
        c2: {"event":"pusher_internal:member_added","channel":"presence-a","data":"{\"user_id\":\"bob\"}"}
    "#]]
    .assert_eq(&world.heard());
    world.close(1).await;
    world.time_passes().await;
    assert_eq!(world.heard(), "");
    world.unsubscribe(2, "presence-a").await;
    expect![[r#"
        c3: {"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"ada\"}"}
    "#]]
    .assert_eq(&world.heard());
}

#[tokio::test]
async fn a_connection_found_gone_is_buried_with_all_that_follows() {
    let world = World::new();
    for n in 1..4 {
        world.connect(n).await;
        world.subscribe(n, "presence-a", Some(&format!("u{n}"))).await;
    }
    world.heard();
    world.vanish(1);
    world.vanish(2);
    world.publish("presence-a", None).await;
    world.time_passes().await;
    expect![[r#"
        c3: {"event":"e","channel":"presence-a","data":"d"}
        c3: {"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"u2\"}"}
        c3: {"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"u1\"}"}
    "#]]
    .assert_eq(&world.heard());
}

#[tokio::test]
async fn a_publisher_can_leave_a_socket_out() {
    let world = World::new();
    for n in 1..3 {
        world.connect(n).await;
        world.subscribe(n, "a", None).await;
    }
    world.heard();
    world.publish("a", Some(1)).await;
    expect![[r#"
        c2: {"event":"e","channel":"a","data":"d"}
    "#]]
    .assert_eq(&world.heard());
    world.publish("a", Some(99)).await;
    assert_eq!(world.heard().lines().count(), 2);
}

#[tokio::test]
async fn client_events_reach_the_others_at_a_bounded_rate() {
    let world = World::new();
    for n in 1..3 {
        world.connect(n).await;
        world.subscribe(n, "private-a", None).await;
    }
    world.heard();
    for _ in 0..3 {
        world.says(1, r#"{"event":"client-x","channel":"private-a","data":{"k":1}}"#).await;
    }
    expect![[r#"
        c2: {"event":"client-x","channel":"private-a","data":{"k":1}}
        c2: {"event":"client-x","channel":"private-a","data":{"k":1}}
        c1: {"event":"pusher:error","data":{"code":4301,"message":"Client event dropped: at most 2 per second are allowed"}}
    "#]]
    .assert_eq(&world.heard());
}

#[tokio::test]
async fn nonsense_is_answered_to_its_sender_only() {
    let world = World::new();
    world.connect(1).await;
    world.connect(2).await;
    for text in ["", "{", r#"{"event":"pusher:nope"}"#, r#"{"event":"x"}"#] {
        world.says(1, text).await;
        let heard = world.heard();
        assert!(heard.starts_with(r#"c1: {"event":"pusher:error","data":{"code":null"#), "{heard}");
        assert_eq!(heard.lines().count(), 1);
    }
    world.says(1, r#"{"event":"pusher:ping"}"#).await;
    expect![[r#"
        c1: {"event":"pusher:pong","data":{}}
    "#]]
    .assert_eq(&world.heard());
    world.unsubscribe(1, "a").await;
    expect![[r#"
        c1: {"event":"pusher:error","data":{"code":null,"message":"No current subscription to channel a, or subscription in progress"}}
    "#]]
    .assert_eq(&world.heard());
    world.says(9, r#"{"event":"pusher:ping"}"#).await;
    assert_eq!(world.heard(), "");
}
