//! Runs of several processes that overlap: whoever gets an account knows all that is due of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use data::{Claim, Data};
use futures::future::join_all;
use posts::PostClaim;
use publishing::Publishing;

use crate::hand_over::{due, in_order};
use crate::world::{World, after};

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

    let config = world.client.config().to_builder().interceptor(FirstLook::default()).build();
    let data = Data::new(Client::from_conf(config));
    let (vault, ledger) = (Arc::clone(&world.vault), world.ledger.clone());
    let server = Publishing::new(data, vault, ledger, world.heard.clone(), world.settings);
    assert_eq!(server.tick(after(6)).await.published, 4);
    assert_eq!(in_order(&world.ledger), 4);
}
