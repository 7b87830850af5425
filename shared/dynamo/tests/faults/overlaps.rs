//! Two verbs about one user that overlap in every way: one is held before each of its requests, while the other runs.

use std::time::Duration;

use channels::SignedIn;
use dynamo::DynamoStore;
use protocol::{ConnectionId, UserId};
use store::conformance::connection;
use store::{Store, Users};
use tokio::time::timeout;

use crate::scene::{Scene, now_ms, scene, sign_in};
use crate::unkind::Mood;
use crate::world;

/// More writes than any sign-in has.
const MOST_WRITES: usize = 12;
const LONG: Duration = Duration::from_secs(20);

/// A sign-in of the connection that goes, held after so many writes while `meanwhile` is done.
async fn while_held<T>(
    scene: &Scene,
    writes: usize,
    meanwhile: impl AsyncFnOnce(&DynamoStore) -> T,
) -> (SignedIn, T) {
    scene.fate.set(Mood::Held(writes));
    let (store, by) = (scene.mortal.clone(), scene.goes.clone());
    let mut signing = tokio::spawn(async move {
        store.sign_in(&by, &sign_in("ann", &[]), now_ms()).await.expect("an answer")
    });
    // It may have fewer writes than that.
    let early = tokio::select! {
        signed_in = &mut signing => Some(signed_in),
        () = scene.fate.held() => None,
    };
    let done = meanwhile(&scene.kind).await;
    scene.fate.let_go();
    let signed_in = match early {
        Some(signed_in) => signed_in,
        None => timeout(LONG, signing).await.expect("an end"),
    };
    (signed_in.expect("no panic"), done)
}

/// Whoever watches is told once that somebody is gone, however the last sign-in overlaps with its connection's close.
#[tokio::test]
async fn who_is_waited_for_and_comes_only_to_go_is_missed() {
    let client = world::world().await.client;
    for writes in 0..MOST_WRITES {
        let scene = scene(&client, &format!("comes-to-go-{writes}")).await;
        let (store, ann) = (&scene.kind, UserId::new("ann"));
        store.sign_in(&scene.stays, &sign_in("bob", &["ann"]), now_ms()).await.expect("an answer");
        let first = connection(&scene.app, 3);
        for it in [&first, &scene.goes] {
            store.open(it.clone()).await.expect("an answer");
        }
        store.sign_in(&first, &sign_in("ann", &[]), now_ms()).await.expect("an answer");
        let closed = store.close(&first.id).await.expect("an answer").expect("it was open");
        assert_eq!(closed.user, Some(ann.clone()), "bob watches");
        let close = async |store: &DynamoStore| {
            let closed =
                store.close(&scene.goes.id).await.expect("an answer").expect("it was open");
            closed.user.is_some()
        };
        let (signed_in, missed) = while_held(&scene, writes, close).await;
        let missed = missed || matches!(signed_in, SignedIn::Passing(_));
        let mut told: Vec<ConnectionId> = Vec::new();
        for (is_missed, id) in [(true, &first.id), (missed, &scene.goes.id)] {
            if is_missed {
                let offline = store.confirm_offline(&scene.app.id, &ann, id).await;
                told.extend(offline.expect("an answer"));
            }
        }
        let case = format!("held after {writes} writes: {signed_in:?}, missed {missed}");
        assert_eq!(told, std::slice::from_ref(&scene.stays.id), "{case}");
        scene.end().await;
    }
}

/// A terminate closes every connection of the user that is signed in, or is about to be.
#[tokio::test]
async fn a_terminate_misses_nobody_who_signs_in_meanwhile() {
    let client = world::world().await.client;
    for writes in 0..MOST_WRITES {
        let scene = scene(&client, &format!("terminated-{writes}")).await;
        scene.kind.open(scene.goes.clone()).await.expect("an answer");
        let terminate = async |store: &DynamoStore| {
            let ids = store.terminate(&scene.app.id, &UserId::new("ann"), now_ms()).await;
            ids.expect("an answer").contains(&scene.goes.id)
        };
        let (signed_in, closed) = while_held(&scene, writes, terminate).await;
        let denied = signed_in == SignedIn::Denied;
        assert!(closed || denied, "held after {writes} writes: {signed_in:?}");
        scene.end().await;
    }
}
