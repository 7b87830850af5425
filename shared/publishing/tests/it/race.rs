//! Many at once: exactly one wins.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use posts::{Class, PatchPost, PostStatus, Settings};
use publishing::Refusal;

use crate::world::{NOW, World, after};

const POSTS: usize = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_publish_each_delivery_once() {
    let world = World::new().await;
    let mut accounts = Vec::new();
    for n in 0..8 {
        accounts.push(world.connect(&format!("{n}")).await);
    }
    let mut ids = Vec::new();
    for n in 0..POSTS {
        ids.push(world.schedule(&[&accounts[n % 8]], NOW).await.post.id);
    }
    let servers: Vec<_> = (0..8).map(|_| world.another_server()).collect();
    let mut processed = 0;
    // A run that finds an account taken leaves it to a later one.
    for round in 0..10 {
        let runs = servers.iter().chain(&servers).map(|server| {
            let server = Arc::clone(server);
            tokio::spawn(async move { server.tick(after(round)).await })
        });
        processed +=
            join_all(runs).await.into_iter().map(|done| done.unwrap().processed).sum::<u64>();
        if world.ledger.rows() == POSTS {
            break;
        }
    }
    assert_eq!(
        (processed, world.ledger.rows(), world.ledger.calls().len()),
        (POSTS as u64, POSTS, POSTS)
    );
    for id in &ids {
        assert_eq!(world.get(id).await.post.status(), PostStatus::Published);
    }
    for event in ["post:publishing", "post:published"] {
        let told = world.heard.of(event);
        let different: BTreeSet<_> = told.iter().map(|e| e["id"].as_str().unwrap()).collect();
        assert_eq!((told.len(), different.len()), (POSTS, POSTS), "{event}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_races_the_claim_wins_or_is_told_that_it_lost() {
    let world = World::new().await;
    // The platform holds its calls, so that a claimed post stays publishing until the change is over.
    let account = world.connect("slow").await;
    let (mut won, mut lost) = (0, 0);
    for round in 0..1_000 {
        let id = world.schedule(&[&account], NOW).await.post.id;
        let calls = world.ledger.calls().len();
        let ticker = Arc::clone(&world.server);
        let run = tokio::spawn(async move { ticker.tick(NOW).await });
        let (author, me, post) = (Arc::clone(&world.server), world.me.clone(), id.clone());
        let change = tokio::spawn(async move {
            // The store serves one call at a time, in order: a few reads move the change before, between and
            // after the claim's read and write.
            for _ in 0..round / 2 % 6 {
                author.get_post(&me, &post).await.unwrap();
            }
            if round % 2 == 0 {
                return author.cancel_post(&me, &post, NOW).await;
            }
            let later = PatchPost { scheduled_at: Some(Some(after(9999))), ..PatchPost::default() };
            author.edit_post(&me, &post, later, NOW, None).await
        });
        let changed = change.await.unwrap();
        world.ledger.open_gate(1);
        let report = run.await.unwrap();
        match changed {
            Ok(_) => {
                won += 1;
                assert_eq!(
                    (report.processed, world.ledger.calls().len()),
                    (0, calls),
                    "round {round}"
                );
                // The permit that no call took.
                world.ledger.close_gate();
            }
            Err(Refusal::Conflict { code, .. }) => {
                lost += 1;
                assert_eq!(
                    (code, report.published),
                    ("post_already_publishing", 1),
                    "round {round}"
                );
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(won > 0 && lost > 0, "no race: {won} won, {lost} lost");
}

/// A process that is alone, with runs that overlap: each delivery goes out once, each post has one claim and one end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_overlap_in_a_process_that_is_alone_share_the_work() {
    let settings = Settings { alone: true, ..Settings::default() };
    let world = World::with(Class::Opaque, settings).await;
    let mut accounts = Vec::new();
    for n in 0..8 {
        accounts.push(world.connect(&format!("{n}")).await);
    }
    for n in 0..POSTS {
        world.schedule(&[&accounts[n % 8], &accounts[(n + 3) % 8]], NOW).await;
    }
    for _ in 0..10 {
        let runs = (0..8).map(|_| {
            let server = Arc::clone(&world.server);
            tokio::spawn(async move { server.tick(after(1)).await })
        });
        join_all(runs).await;
    }
    assert_eq!((world.ledger.rows(), world.ledger.calls().len()), (2 * POSTS, 2 * POSTS));
    for event in ["post:publishing", "post:published"] {
        let ids: BTreeSet<_> =
            world.heard.of(event).iter().map(|it| it["id"].to_string()).collect();
        assert_eq!(ids.len(), POSTS, "one {event} each");
    }
}
