//! What a process leaves that is killed after any write of any verb, and what becomes of verbs while DynamoDB is throttled,
//! broken or silent: errors, and after the next visits the truth.

#[path = "faults/overlaps.rs"]
mod overlaps;
#[path = "faults/scene.rs"]
mod scene;
#[path = "world/unkind.rs"]
mod unkind;
mod world;

use std::time::Duration;

use channels::Cached;
use store::Events;
use store::conformance::name;

use scene::{VERBS, Verb, at, keep, later, now_ms, scene};
use unkind::Mood;

/// Kills a process after each write of each verb; the connection is lost with it, and found gone later. Time is skipped while a
/// verb waits for one that was killed.
#[tokio::test(start_paused = true)]
async fn after_any_write_the_next_visits_find_the_truth_without_the_connection() {
    let client = world::world().await.client;
    let mut kills = 0;
    for verb in VERBS {
        for writes in 0.. {
            let case = format!("{verb:?} killed after {writes} writes");
            let scene = scene(&client, &format!("{verb:?}-{writes}")).await;
            scene.prepare(verb).await;
            scene.fate.set(Mood::Killed(writes));
            let done = scene.run(&scene.mortal, verb, at(5)).await;
            let enough = scene.fate.writes() < writes;
            assert!(done.is_err() || writes >= scene.fate.writes(), "{case}");
            // What was under way is over, and then somebody finds the connection gone.
            later();
            scene.close(&scene.kind).await.expect("an answer");
            later();
            scene.publish().await;
            scene.check(&[], &case).await;
            scene.check_offline(&case).await;
            scene.end().await;
            kills += 1;
            if enough {
                break;
            }
        }
    }
    println!("{kills} kills");
}

/// The client is still there, and asks again.
#[tokio::test(start_paused = true)]
async fn after_any_write_the_same_wish_again_comes_true() {
    let client = world::world().await.client;
    for (verb, there) in [
        (Verb::Join, &["a"][..]),
        (Verb::JoinFirst, &["new"]),
        (Verb::Enter, &["presence-a"]),
        (Verb::Leave, &[]),
        (Verb::Exit, &[]),
    ] {
        for writes in 0.. {
            let case = format!("{verb:?} again after {writes} writes");
            let scene = scene(&client, &format!("again-{verb:?}-{writes}")).await;
            scene.prepare(verb).await;
            scene.fate.set(Mood::Killed(writes));
            let _ = scene.run(&scene.mortal, verb, at(5)).await;
            let enough = scene.fate.writes() < writes;
            later();
            scene.run(&scene.kind, verb, at(6)).await.expect("an answer");
            later();
            scene.publish().await;
            scene.check(there, &case).await;
            scene.end().await;
            if enough {
                break;
            }
        }
    }
}

/// Until a minute has passed whoever does not go on may only be slow: nobody does anything about its subscription.
#[tokio::test(start_paused = true)]
async fn a_verb_under_way_keeps_its_turn_for_a_minute() {
    let client = world::world().await.client;
    let scene = scene(&client, "slow").await;
    scene.prepare(Verb::Enter).await;
    scene.fate.set(Mood::Killed(1));
    scene.run(&scene.mortal, Verb::Enter, at(5)).await.expect_err("it was killed");
    for verb in [Verb::Enter, Verb::Exit] {
        scene.run(&scene.kind, verb, at(6)).await.expect_err("it is not known to be over");
    }
    scene.publish().await;
    scene.check(&[], "nothing came of it").await;
    later();
    scene.run(&scene.kind, Verb::Enter, at(6)).await.expect("its place is taken");
    scene.check(&["presence-a"], "it came of the next wish").await;
    scene.end().await;
}

/// Throttled, broken, silent: each verb answers or says that it did not, and once all is well again so is the store.
#[tokio::test]
async fn a_service_that_fails_gives_errors_and_no_wrong_state() {
    let client = world::world().await.client;
    let moods = [
        Mood::Throttled(1),
        Mood::Broken(1),
        Mood::Silent(1),
        Mood::Throttled(3),
        Mood::Broken(2),
        Mood::Silent(2),
    ];
    for (n, mood) in moods.into_iter().enumerate() {
        for verb in VERBS {
            let case = format!("{verb:?} {mood:?}");
            let scene = scene(&client, &format!("mood-{n}-{verb:?}")).await;
            scene.prepare(verb).await;
            scene.fate.set(mood);
            let limit = Duration::from_secs(10);
            let done = tokio::time::timeout(limit, scene.run(&scene.mortal, verb, at(5))).await;
            let done = done.unwrap_or_else(|_| panic!("{case}: hangs"));
            let always = matches!(mood, Mood::Throttled(1) | Mood::Broken(1) | Mood::Silent(1));
            assert!(done.is_err() || !always, "{case}");
            later();
            scene.close(&scene.kind).await.expect("an answer");
            later();
            scene.publish().await;
            scene.check(&[], &case).await;
            scene.end().await;
        }
    }
}

/// A history that was written and whose answer was lost is whole.
#[tokio::test]
async fn an_event_whose_answer_was_lost_is_kept_once() {
    let client = world::world().await.client;
    let scene = scene(&client, "silent-keep").await;
    scene.fate.set(Mood::Silent(2));
    let (app, room) = (&scene.app.id, name("a"));
    assert!(scene.mortal.keep(app, &room, keep(), now_ms()).await.is_err());
    scene.kind.keep(app, &room, keep(), now_ms()).await.expect("an answer");
    let cached: Option<Cached> = scene.kind.cached(app, &room, now_ms()).await.expect("an answer");
    assert!(cached.is_some());
    let ask = channels::EventsAfter { channel: room, after: protocol::Serial::new(0) };
    let missed = scene.kind.events_after(app, &ask, now_ms()).await.expect("an answer");
    assert_eq!(missed.events.len(), 2, "each call is one event");
}
