//! Sign-in, watchlists, the end of a user's connections.

use channels::{App, Limits};
use expect_test::expect;
use protocol::UserId;

use super::world::{World, app};

fn ask(channel: &str) -> String {
    format!(r#"{{"event":"pusher:subscribe","data":{{"channel":"{channel}","auth":""}}}}"#)
}

#[tokio::test]
async fn a_signed_in_user_has_a_channel_of_their_own() {
    let world = World::new();
    world.connect(1).await;
    world.connect(2).await;
    world.says(1, &ask("#server-to-user-ada")).await;
    assert!(world.heard().contains(r#""status":403"#), "not before the sign-in");
    world.sign_in(1, r#"{"id":"ada"}"#).await;
    world.says(1, &ask("#server-to-user-ada")).await;
    world.says(1, &ask("#server-to-user-bob")).await;
    world.publish("#server-to-user-ada", None).await;
    expect![[r##"
        c1: {"event":"pusher:signin_success","data":{"user_data":"{\"id\":\"ada\"}"}}
        c1: {"event":"pusher_internal:subscription_succeeded","channel":"#server-to-user-ada","data":"{}"}
        c1: {"event":"pusher:error","data":{"code":null,"message":"Not allowed to subscribe to #server-to-user-bob"}}
        c1: {"event":"pusher:subscription_error","channel":"#server-to-user-bob","data":{"type":"AuthError","error":"Not allowed to subscribe to #server-to-user-bob","status":403}}
        c1: {"event":"e","channel":"#server-to-user-ada","data":"d"}
    "##]]
    .assert_eq(&world.heard());
}

#[tokio::test]
async fn one_connection_is_one_users() {
    let world = World::new();
    world.connect(1).await;
    for id in ["ada", "ada", "bob"] {
        world.sign_in(1, &format!(r#"{{"id":"{id}"}}"#)).await;
    }
    expect![[r#"
        c1: {"event":"pusher:signin_success","data":{"user_data":"{\"id\":\"ada\"}"}}
        c1: {"event":"pusher:signin_success","data":{"user_data":"{\"id\":\"ada\"}"}}
        c1: {"event":"pusher:error","data":{"code":null,"message":"Already signed in as another user: open a connection of its own for each"}}
    "#]]
    .assert_eq(&world.heard());
    world.connect(2).await;
    world
        .says(
            2,
            r#"{"event":"pusher:signin","data":{"auth":"key:00","user_data":"{\"id\":\"ada\"}"}}"#,
        )
        .await;
    expect![[r#"
        c2: closed Some(Unauthorized) Invalid signature: Expected HMAC SHA256 hex digest of 2.2::user::{"id":"ada"}, but got 00
    "#]]
    .assert_eq(&world.heard());
}

#[tokio::test]
async fn a_signed_in_user_joins_presence_channels_as_themselves() {
    let world = World::new();
    world.connect(1).await;
    world.sign_in(1, r#"{"id":"ada","user_info":{"name":"Ada"}}"#).await;
    world.heard();
    world.subscribe(1, "presence-a", None).await;
    expect![[r#"
        c1: {"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\"presence\":{\"count\":1,\"ids\":[\"ada\"],\"hash\":{\"ada\":{\"name\":\"Ada\"}}}}"}
    "#]]
    .assert_eq(&world.heard());
    world.subscribe(1, "presence-b", Some("bob")).await;
    assert!(world.heard().contains("is not the signed-in user"));
}

#[tokio::test]
async fn watchlists_show_who_is_there() {
    let limits = Limits { watchlist: 3, ..app().limits };
    let world = World::of(App { limits, ..app() });
    for n in 1..5 {
        world.connect(n).await;
    }
    world.sign_in(2, r#"{"id":"bob"}"#).await;
    world.heard();
    world.sign_in(1, r#"{"id":"ada","watchlist":["bob","cy","dee","eve"]}"#).await;
    expect![[r#"
        c1: {"event":"pusher:signin_success","data":{"user_data":"{\"id\":\"ada\",\"watchlist\":[\"bob\",\"cy\",\"dee\",\"eve\"]}"}}
        c1: {"event":"pusher:error","data":{"code":4302,"message":"The watchlist is too long: the first 3 users are watched"}}
        c1: {"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["bob"]},{"name":"offline","user_ids":["cy","dee"]}]}}
    "#]]
    .assert_eq(&world.heard());
    // A user without a watchlist counts, and so does one with a token.
    world.sign_in(3, r#"{"id":"cy"}"#).await;
    world.sign_in(4, r#"{"id":"cy"}"#).await;
    world.connect_as(5, "dee", "w1").await;
    world.close(2).await;
    world.close(3).await;
    let heard = world.heard();
    let to_ada: String = heard.lines().filter(|it| it.starts_with("c1")).collect();
    expect![[r#"c1: {"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["cy"]}]}}c1: {"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["dee"]}]}}"#]]
        .assert_eq(&to_ada);
    world.time_passes().await;
    expect![[r#"
        c1: {"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"offline","user_ids":["bob"]}]}}
    "#]]
    .assert_eq(&world.heard());
    // Back in time: never gone.
    world.close(4).await;
    world.connect(6).await;
    world.sign_in(6, r#"{"id":"cy"}"#).await;
    world.heard();
    world.time_passes().await;
    assert_eq!(world.heard(), "");
}

#[tokio::test]
async fn a_users_connections_can_be_ended() {
    let world = World::new();
    for n in 1..4 {
        world.connect(n).await;
    }
    world.sign_in(1, r#"{"id":"ada"}"#).await;
    world.connect_as(7, "ada", "w1").await;
    world.subscribe(2, "presence-a", Some("ada")).await;
    world.heard();
    let app = world.service.apps().first().clone();
    world.service.terminate_connections(&app, &UserId::new("ada"), 10_000).await.unwrap();
    expect![[r#"
        c1: closed Some(Unauthorized) Terminated by the application
        c7: closed Some(Unauthorized) Terminated by the application
    "#]]
    .assert_eq(&world.heard());
    world.sign_in(3, r#"{"id":"ada"}"#).await;
    expect![[r#"
        c3: closed Some(Unauthorized) This user's connections were terminated less than 30 s ago
    "#]]
    .assert_eq(&world.heard());
}

#[tokio::test]
async fn who_authorizes_nothing_is_closed_in_time() {
    let world = World::of(App { authorize_within_s: Some(5), ..app() });
    for n in 1..5 {
        world.connect(n).await;
    }
    world.connect_as(5, "ada", "w1").await;
    world.subscribe(1, "a", None).await;
    world.subscribe(2, "private-a", None).await;
    world.sign_in(3, r#"{"id":"bob"}"#).await;
    world.heard();
    world.time_passes().await;
    expect![[r#"
        c1: closed Some(Unauthorized) Connection not authorized within 5 s: sign in, or subscribe to a private or presence channel
        c4: closed Some(Unauthorized) Connection not authorized within 5 s: sign in, or subscribe to a private or presence channel
    "#]]
    .assert_eq(&world.heard());
}
