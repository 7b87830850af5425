//! Runs of several processes that overlap, on a store that fails now and then: whoever gets an account knows all that is due of
//! it, and sends it in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use data::{Claim, Data};
use futures::future::join_all;
use posts::{Announcement, Class, DeliveryClaim, PostClaim, PostId, Settings, Worker};
use publishing::{Announcer, Publishing};
use serde_json::Value;

use crate::hand_over::{due, in_order};
use crate::world::{Server, World, after};

/// Two runs at once claim posts of the same accounts: whoever gets an account knows all that is due of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_overlap_leave_nothing_and_keep_the_order() {
    for _ in 0..3 {
        let mut world = World::new().await;
        due(&mut world, 6, 12).await;
        let runs = (0..2).map(|_| {
            let server = world.another_server();
            tokio::spawn(async move { server.tick(after(6)).await })
        });
        let reports = join_all(runs).await;
        let claimed: u64 = reports.into_iter().map(|it| it.unwrap().processed).sum();
        assert_eq!((claimed, world.ledger.rows(), in_order(&world.ledger)), (72, 72, 72));
    }
}

/// The due index as one look of a process sees it while another one claims: what is claimed is no longer due, and its
/// deliveries are not there yet.
#[derive(Debug, Clone, Default)]
struct FirstLook(Arc<AtomicUsize>);

/// Queries of one look. Source: the shards of the index.
const LOOK: usize = 16;

impl Intercept for FirstLook {
    fn name(&self) -> &'static str {
        "FirstLook"
    }

    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let output = context.output_or_error_mut().and_then(|it| it.as_mut().ok());
        let page = output.and_then(|it| it.downcast_mut::<QueryOutput>());
        if let Some(page) = page
            && self.0.fetch_add(1, Ordering::SeqCst) < LOOK
            && let Some(items) = &mut page.items
        {
            items.retain(|item| !item.contains_key("due_pk") || !item.contains_key("account_id"));
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_another_run_claimed_during_the_look_keeps_its_place() {
    let mut world = World::new().await;
    due(&mut world, 1, 4).await;
    // The oldest is claimed, and its run has not come to its delivery.
    let posts = world.data.due(None, after(6)).await.unwrap();
    let Some(data::Due::Post { post, .. }) = posts.first() else { panic!("{posts:?}") };
    let (before, _) = world.data.get_post(post).await.unwrap();
    let PostClaim::Taken(after_claim, deliveries) = before.claim(after(6), &world.settings) else {
        panic!("it is due")
    };
    let claim = Claim { before, after: after_claim, deliveries };
    world.data.claim_posts(&[claim]).await.unwrap();

    let server = server(&world, FirstLook::default());
    assert_eq!(server.tick(after(6)).await.published, 4);
    assert_eq!(in_order(&world.ledger), 4);
}

/// A process whose calls to the store are intercepted.
fn server(world: &World, by: impl Intercept + 'static) -> Server {
    let config = world.client.config().to_builder().interceptor(by).build();
    let data = Data::new(Client::from_conf(config));
    let (vault, ledger) = (Arc::clone(&world.vault), world.ledger.clone());
    Publishing::new(data, vault, ledger, world.heard.clone(), world.settings)
}

/// A store that does not answer the n-th call.
#[derive(Debug)]
struct Fails {
    nth: usize,
    calls: Arc<AtomicUsize>,
}

impl Intercept for Fails {
    fn name(&self) -> &'static str {
        "Fails"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let nth = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if nth == self.nth { Err("on purpose".into()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn a_call_that_fails_lets_no_later_post_go_first() {
    let (mut nth, mut made) = (0, usize::MAX);
    while nth <= made {
        nth += 1;
        let mut world = World::new().await;
        due(&mut world, 1, 2).await;
        let calls = Arc::new(AtomicUsize::new(0));
        server(&world, Fails { nth, calls: Arc::clone(&calls) }).tick(after(6)).await;
        made = calls.load(Ordering::SeqCst);
        // What was begun then is taken up when its lease has lapsed.
        world.server.tick(after(140)).await;
        in_order(&world.ledger);
        assert_eq!(world.ledger.rows(), 2, "call {nth} of {made}");
    }
    assert!(nth > 40, "two looks of sixteen calls, and what follows");
}

/// Another run that takes the oldest delivery up and gives it back, as soon as its post is claimed.
struct GivesBack(Data, Arc<AtomicUsize>);

impl Announcer for GivesBack {
    async fn announce(&self, announcement: Announcement) {
        if announcement.event != "post:publishing" {
            return;
        }
        let event: Value = serde_json::from_str(&announcement.data).unwrap();
        let id = PostId::parse(event["data"]["post_id"].as_str().unwrap()).unwrap();
        let (post, deliveries) = self.0.get_post(&id).await.unwrap();
        if post.text != "04998" {
            return;
        }
        let (now, settings) = (after(6), Settings::default());
        let other = Worker { process: "other".to_owned(), run: "1".to_owned() };
        let claim = deliveries[0].claim(&other, Class::Idempotent, now, &settings);
        let DeliveryClaim::Taken(taken) = claim else { panic!("{claim:?}") };
        self.0.replace_delivery(&deliveries[0], &taken).await.unwrap();
        self.0.replace_delivery(&taken, &taken.release(now).unwrap()).await.unwrap();
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn what_another_run_gave_back_keeps_its_place() {
    let mut world = World::new().await;
    due(&mut world, 1, 2).await;
    let (data, vault) = (world.data.clone(), Arc::clone(&world.vault));
    let (ledger, given) = (world.ledger.clone(), Arc::<AtomicUsize>::default());
    let other = GivesBack(world.data.clone(), Arc::clone(&given));
    let server = Publishing::new(data, vault, ledger, other, world.settings);
    assert_eq!(server.tick(after(6)).await.published, 2);
    assert_eq!((given.load(Ordering::SeqCst), in_order(&world.ledger)), (1, 2));
}
