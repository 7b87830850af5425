//! More is due than one process has room for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use data::Data;
use posts::{Account, Class, PostStatus, Settings};
use publishing::Publishing;

use crate::world::{NOW, Server, World, after, caller, new_post};

/// Deliveries of one post. Source: the limit of accounts of a post.
const EACH: usize = 50;

/// Counts the rows of the due index that a client reads.
#[derive(Debug, Default, Clone)]
struct DueRows(Arc<AtomicUsize>);

impl DueRows {
    fn on(&self, client: &Client) -> Client {
        Client::from_conf(client.config().to_builder().interceptor(self.clone()).build())
    }

    fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

impl Intercept for DueRows {
    fn name(&self) -> &'static str {
        "DueRows"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(output) = context.output_or_error()
            && let Some(page) = output.downcast_ref::<QueryOutput>()
        {
            let due = page.items().iter().filter(|item| item.contains_key("due_pk")).count();
            self.0.fetch_add(due, Ordering::SeqCst);
        }
        Ok(())
    }
}

fn alone() -> Settings {
    Settings { alone: true, ..Settings::default() }
}

/// The server of a process that is alone, and the rows that its looks read.
fn counted(world: &World) -> (Arc<Server>, DueRows) {
    let rows = DueRows::default();
    let data = Data::new(rows.on(&world.client));
    let (vault, ledger) = (Arc::clone(&world.vault), world.ledger.clone());
    let server = Publishing::new(data, vault, ledger, world.heard.clone(), alone());
    (Arc::new(server), rows)
}

async fn slow_accounts(world: &World, how_many: usize) -> Vec<Account> {
    let mut accounts = Vec::with_capacity(how_many);
    for _ in 0..how_many {
        accounts.push(world.connect("slow").await);
    }
    accounts
}

/// A look reads again and again what there is no room for only now and then, however much that is.
#[tokio::test]
async fn what_there_is_no_room_for_is_not_read_each_second() {
    const POSTS: usize = 80;
    let mut world = World::with(Class::Idempotent, alone()).await;
    let accounts: Vec<Account> = slow_accounts(&world, EACH).await;
    let accounts: Vec<&Account> = accounts.iter().collect();
    for _ in 0..POSTS {
        world.schedule(&accounts, NOW).await;
    }
    let (server, rows) = counted(&world);
    let first = Arc::clone(&server);
    let held = tokio::spawn(async move { first.tick(NOW).await });
    // Each account has a call under way: what there is room for is claimed.
    for _ in 0..EACH {
        world.begun.recv().await.unwrap();
    }
    rows.take();
    let mut read = Vec::new();
    for second in 1..=30 {
        assert_eq!(server.tick(after(second)).await.processed, 0, "there is no room");
        read.push(rows.take());
    }
    let left = read.iter().max().copied().unwrap_or_default();
    assert!(left > 20, "{left} posts are still due");
    assert!(read.iter().sum::<usize>() <= 6 * left, "{read:?}");
    // What is left is claimed as soon as there is room.
    held.abort();
    let again = Arc::clone(&server);
    let rest = tokio::spawn(async move { again.tick(after(31)).await });
    let claimed = || world.heard.names().iter().filter(|it| *it == "post:publishing").count();
    while claimed() < POSTS {
        tokio::task::yield_now().await;
    }
    rest.abort();
}

/// Whatever one workspace has waiting at a platform that hangs, the post of another one is claimed at the next look, and sent when a
/// call ends.
async fn the_other_workspace_waits_for_one_call(posts: usize) {
    const ACCOUNTS: usize = 300;
    let mut world = World::with(Class::Idempotent, alone()).await;
    let accounts = slow_accounts(&world, ACCOUNTS).await;
    for nth in 0..posts {
        let to = (0..EACH).map(|k| &accounts[(nth * EACH + k) % ACCOUNTS]).collect::<Vec<_>>();
        world.schedule(&to, NOW).await;
    }
    let server = Arc::clone(&world.server);
    let bulk = tokio::spawn(async move { server.tick(NOW).await });
    let mut busy = BTreeSet::new();
    for _ in 0..256 {
        busy.insert(world.begun.recv().await.unwrap());
    }
    assert_eq!(busy.len(), 256, "all places are taken");
    world.me = caller("bob", &["other"]);
    let quick = world.connect("quick").await;
    let new = new_post("Hello", &[&quick], Some(after(1)));
    let post = world.server.create_post(&world.me, new, NOW, None).await.unwrap().post;
    let server = Arc::clone(&world.server);
    let other = tokio::spawn(async move { server.tick(after(1)).await });
    while world.get(&post.id).await.post.status() != PostStatus::Publishing {
        tokio::task::yield_now().await;
    }
    // The account whose call ends has more to do, and so have others: two turns are the bulk's at most.
    world.ledger.open_gate(2);
    let next = [world.begun.recv().await.unwrap(), world.begun.recv().await.unwrap()];
    assert!(next.contains(&quick.id), "the next turn but one is the other workspace's");
    while world.get(&post.id).await.post.status() != PostStatus::Published {
        tokio::task::yield_now().await;
    }
    bulk.abort();
    other.abort();
}

#[tokio::test]
async fn a_backlog_at_a_platform_that_hangs_does_not_hold_up_another_workspace() {
    the_other_workspace_waits_for_one_call(30).await;
}

#[tokio::test]
async fn nor_does_one_that_there_is_no_room_for() {
    the_other_workspace_waits_for_one_call(60).await;
}
