//! Random publishing, absence and return against a small model: what a client heard, and asked for when it was back, is all
//! there was, or it is told that something is missing.

use channels::{App, HistoryRule, events_after};
use proptest::prelude::*;

use super::world::{World, app};

/// A channel with both memories, and a client that comes and goes.
const CHANNEL: &str = "private-cache-log";
const COUNT: usize = 5;
const AGE_S: u32 = 60;
const TTL_MS: u64 = 30 * 60 * 1_000;

#[derive(Debug, Clone)]
enum Step {
    Publish,
    /// Another client's event, which no cache holds.
    Say,
    Leave,
    Return,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Publish),
        3 => Just(Step::Say),
        2 => Just(Step::Leave),
        3 => Just(Step::Return),
        2 => prop_oneof![0..2_000u64, 50_000..70_000u64, (TTL_MS - 5)..(TTL_MS + 5)].prop_map(Step::Wait),
    ]
}

/// The client's own view, and what really happened.
#[derive(Default)]
struct Story {
    there: bool,
    seen: u64,
    /// Serials with the time of each.
    all: Vec<(u64, u64)>,
    /// The newest published event, and when.
    cached: Option<(u64, u64)>,
}

/// The serials of the events that this connection got.
fn serials(world: &World, who: &str) -> Vec<u64> {
    let frames = world.frames().remove(who).unwrap_or_default();
    frames.iter().filter_map(|frame| frame["serial"].as_u64()).collect()
}

async fn publish(world: &World, story: &mut Story, step: &Step) {
    world.frames();
    // A third connection sees every serial; the client sees its own share.
    match step {
        Step::Say => {
            world.wait(1_000);
            let frame = format!(r#"{{"event":"client-x","channel":"{CHANNEL}","data":1}}"#);
            world.says(2, &frame).await;
        }
        _ => world.publish(CHANNEL, None).await,
    }
    let mut frames = world.frames();
    let mut of = |who: &str| -> Vec<u64> {
        let frames = frames.remove(who).unwrap_or_default();
        frames.iter().filter_map(|frame| frame["serial"].as_u64()).collect()
    };
    let [serial] = of("c3")[..] else { panic!("the observer hears everything once") };
    assert!(story.all.last().is_none_or(|(last, _)| *last < serial), "serials grow");
    story.all.push((serial, world.now_ms()));
    if !matches!(step, Step::Say) {
        story.cached = Some((serial, world.now_ms()));
    }
    assert_eq!(of("c1"), if story.there { vec![serial] } else { Vec::new() });
    if story.there {
        story.seen = serial;
    }
}

/// Subscribes, and asks for what was missed.
async fn come_back(world: &World, story: &mut Story) {
    world.frames();
    world.subscribe(1, CHANNEL, None).await;
    let fresh = |(serial, at): (u64, u64)| (world.now_ms() < at + TTL_MS).then_some(serial);
    let expected: Vec<u64> = story.cached.and_then(fresh).into_iter().collect();
    assert_eq!(serials(world, "c1"), expected, "the cache's event");
    let apps = world.service.apps();
    let after = story.seen.to_string();
    let ask = events_after::check(apps.first(), CHANNEL, Some(&after)).unwrap();
    let missed = world.service.events_after(apps.first(), &ask, world.now_ms()).await.unwrap();
    let got: Vec<u64> =
        missed.events.iter().filter_map(|it| it.serial).map(|it| it.number()).collect();
    let unseen: Vec<u64> =
        story.all.iter().map(|(serial, _)| *serial).filter(|it| *it > story.seen).collect();
    assert!(unseen.ends_with(&got), "{got:?} of {unseen:?}");
    let kept = story.all.iter().rev().take(COUNT);
    let kept = kept.filter(|(_, at)| world.now_ms() < at + u64::from(AGE_S) * 1_000);
    assert_eq!(got.len(), kept.filter(|(serial, _)| *serial > story.seen).count());
    if missed.complete {
        assert_eq!(got, unseen, "complete is a promise");
    } else {
        // A client that has seen nothing cannot be told what was before.
        assert!(got.len() < unseen.len() || story.seen == 0, "{} {unseen:?}", story.seen);
    }
    story.there = true;
    story.seen = story.all.last().map_or(story.seen, |(serial, _)| *serial);
}

async fn play(steps: Vec<Step>) {
    let rule = HistoryRule { prefix: CHANNEL.into(), count: COUNT, age_s: AGE_S };
    let world = World::of(App { history: vec![rule], ..app() });
    for n in 1..4 {
        world.connect(n).await;
    }
    world.subscribe(2, CHANNEL, None).await;
    world.subscribe(3, CHANNEL, None).await;
    let mut story = Story::default();
    for step in &steps {
        match step {
            Step::Publish | Step::Say => publish(&world, &mut story, step).await,
            Step::Leave if story.there => {
                world.unsubscribe(1, CHANNEL).await;
                story.there = false;
            }
            Step::Return if !story.there => come_back(&world, &mut story).await,
            Step::Wait(ms) => world.wait(*ms),
            Step::Leave | Step::Return => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_missed_can_be_had_or_is_owned_up_to(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(steps));
    }
}
