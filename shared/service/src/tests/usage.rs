//! Rates: of a user over all connections, of an app, and what becomes of who ignores them.

use std::num::NonZeroU32;

use channels::usage::Rates;
use channels::{Asked, Limits};
use expect_test::expect;
use throttle::Rate;

use super::world::{World, id};

fn per_second(count: u32) -> Option<Rate> {
    NonZeroU32::new(count).map(Rate::per_second)
}

fn of_user(rates: Rates) -> World {
    World::with(Limits { per_user: rates, ..Limits::default() })
}

const PING: &str = r#"{"event":"pusher:ping"}"#;

#[tokio::test]
async fn a_users_connections_share_a_rate_and_strangers_have_their_own() {
    let world = of_user(Rates { commands: per_second(3), ..Rates::default() });
    world.connect_as(1, "ann", "w1").await;
    world.connect_as(2, "ann", "w1").await;
    world.connect(3).await;
    world.connect(4).await;
    world.heard();
    for n in [1, 2, 1, 2, 3, 4] {
        world.says(n, PING).await;
    }
    expect![[r#"
        c1: {"event":"pusher:pong","data":{}}
        c2: {"event":"pusher:pong","data":{}}
        c1: {"event":"pusher:pong","data":{}}
        c2: {"event":"pusher:error","data":{"code":null,"message":"Message dropped: at most 3 per second and user"}}
        c3: {"event":"pusher:pong","data":{}}
        c4: {"event":"pusher:pong","data":{}}
    "#]]
    .assert_eq(&world.heard());
    world.service.message(&id(2), PING, Asked::FIRST, 11_000).await;
    assert!(world.heard().contains("pong"), "a second later there is room again");
}

#[tokio::test]
async fn subscribes_and_client_events_have_rates_of_their_own() {
    let rates =
        Rates { subscribes: per_second(1), client_events: per_second(1), ..Rates::default() };
    let world = of_user(rates);
    world.connect(1).await;
    world.subscribe(1, "private-a", None).await;
    world.heard();
    world.subscribe(1, "private-b", None).await;
    let event = r#"{"event":"client-x","channel":"private-a"}"#;
    world.says(1, event).await;
    world.says(1, event).await;
    expect![[r#"
        c1: {"event":"pusher:error","data":{"code":null,"message":"Subscription refused: at most 1 per second and user; try again"}}
        c1: {"event":"pusher:subscription_error","channel":"private-b","data":{"type":"LimitReached","error":"Subscription refused: at most 1 per second and user; try again","status":4301}}
        c1: {"event":"pusher:error","data":{"code":4301,"message":"Client event dropped: at most 1 per second and user are allowed"}}
    "#]]
    .assert_eq(&world.heard());
}

#[tokio::test]
async fn an_apps_rate_is_for_all_and_blames_nobody() {
    let per_app = Rates { commands: per_second(2), ..Rates::default() };
    let world = World::with(Limits { per_app, ..Limits::default() });
    world.connect(1).await;
    world.connect(2).await;
    for _ in 0..150 {
        world.says(1, PING).await;
        world.says(2, PING).await;
    }
    let heard = world.heard();
    assert_eq!(heard.matches("pong").count(), 2);
    assert_eq!(heard.matches("at most 2 per second and app").count(), 298);
    assert!(!heard.contains("closed"));
}

#[tokio::test]
async fn who_ignores_refusals_is_closed() {
    let world = of_user(Rates { commands: per_second(1), ..Rates::default() });
    world.connect(1).await;
    for _ in 0..102 {
        world.says(1, PING).await;
    }
    let heard = world.heard();
    assert_eq!(heard.matches("pong").count(), 1);
    assert_eq!(heard.matches("Message dropped").count(), 100);
    assert!(
        heard.ends_with(
            "closed Some(ClientEventRate) Closed: too many messages were refused within a minute\n"
        ),
        "{heard}"
    );
}

#[tokio::test]
async fn an_apps_requests_have_a_rate() {
    let per_app = Rates { requests: per_second(2), ..Rates::default() };
    let world = World::with(Limits { per_app, ..Limits::default() });
    let app = world.service.apps().first().clone();
    let count = async |now_ms| {
        let counted = world.service.count_request(&app, now_ms).await;
        counted.map_err(|over| over.message())
    };
    assert_eq!((count(0).await, count(0).await), (Ok(()), Ok(())));
    let message = "Over quota: this app may make 2 requests per second; send fewer, or batches";
    assert_eq!(count(0).await, Err(message.into()));
    assert_eq!(count(500).await, Ok(()));
}
