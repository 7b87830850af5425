//! What a post to two accounts costs, in DynamoDB's units, and that it is no more than it may.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

#[path = "../../dynamo/tests/world/meter.rs"]
mod meter;

use data::{Claim, Data};
use posts::{
    Account, AccountId, AccountStatus, Caller, Class, Delivery, DeliveryClaim, Jitter, NewPost,
    Outcome, Post, PostClaim, PostId, Settings, Timestamp, UserId, Worker, WorkspaceId,
};

use meter::{Meter, Used};

const NOW: Timestamp = Timestamp::from_ms(1_795_161_600_000);
/// A payload as platforms get it, in characters.
const PAYLOAD: usize = 400;

struct Table {
    meter: Meter,
    data: Data,
    rows: Vec<(&'static str, Used)>,
}

impl Table {
    async fn new() -> Self {
        let client = embedded::memory().unwrap();
        Data::new(client.clone()).create_tables_if_missing().await.unwrap();
        let meter = Meter::default();
        let data = Data::new(meter.on(&client));
        Self { meter, data, rows: Vec::new() }
    }

    /// Notes what was consumed since the last note.
    fn note(&mut self, name: &'static str) {
        self.rows.push((name, self.meter.take()));
    }

    /// Prints the table, and gives its sum.
    fn sum(&self, title: &str) -> Used {
        let mut sum = Used::default();
        eprintln!("\n| {title} | write units | read units |\n|---|---|---|");
        for (name, used) in &self.rows {
            eprintln!("| {name} | {} | {} |", used.writes, used.reads);
            sum.writes += used.writes;
            sum.reads += used.reads;
        }
        eprintln!("| **together** | {} | {} |", sum.writes, sum.reads);
        sum
    }
}

fn account(n: u128) -> Account {
    Account {
        id: AccountId::from_number(n),
        workspace_id: WorkspaceId::parse("acme").unwrap(),
        platform: "bluesky".to_owned(),
        name: "Alice".to_owned(),
        url: "https://bsky.social".to_owned(),
        remote_id: "did:plc:abcdefghijklmnopqrstuvwx".to_owned(),
        created_by: UserId::parse("ann").unwrap(),
        created_at: NOW,
        status: AccountStatus::Connected,
        limits: None,
        version: 1,
    }
}

fn worker() -> Worker {
    Worker { process: "0123456789abcdef".to_owned(), run: "fedcba9876543210".to_owned() }
}

async fn created(table: &mut Table) -> (Post, Vec<Account>) {
    let accounts = vec![account(1), account(2)];
    for account in &accounts {
        table.data.create_account(account, &"s".repeat(600).as_str().into()).await.unwrap();
    }
    table.meter.take();
    let user_id = UserId::parse("ann").unwrap();
    let caller = Caller { user_id, workspaces: vec![WorkspaceId::parse("acme").unwrap()] };
    let new = NewPost {
        text: "x".repeat(280),
        accounts: accounts.iter().map(|it| it.id.clone()).collect(),
        scheduled_at: Some(NOW),
        ..NewPost::default()
    };
    let ids: Vec<_> = new.accounts.clone();
    table.data.get_accounts(&ids).await.unwrap();
    let post = Post::create(PostId::from_number(1), &caller, new, &accounts, NOW).unwrap();
    table.data.create_post(&post).await.unwrap();
    table.note("create");
    (post, accounts)
}

fn claimed(post: &Post) -> (Post, Vec<Delivery>) {
    match post.claim(NOW, &Settings::default()) {
        PostClaim::Taken(after, deliveries) => (after, deliveries),
        other => panic!("{other:?}"),
    }
}

fn published(armed: &Delivery) -> Delivery {
    let outcome = Outcome::Published {
        remote_id: Some("at://did:plc:abcdefghijklmnopqrstuvwx/app.bsky.feed.post/3m2abc".into()),
        remote_url: Some(
            "https://bsky.app/profile/did:plc:abcdefghijklmnopqrstuvwx/post/3m2abc".into(),
        ),
    };
    let jitter = Jitter::from_unit(0.5);
    armed.settle(outcome, Class::Idempotent, jitter, NOW, &Settings::default()).unwrap()
}

async fn finished(table: &mut Table, post: &Post, deliveries: &[Delivery]) {
    let done = post.roll_up(deliveries, NOW).unwrap();
    table.data.replace_post(post, &done).await.unwrap();
    table.data.look_again(&done, None).await.unwrap();
    table.note("finish: the roll-up, then out of the due index");
}

/// The recipe of a process that is alone on its store.
#[tokio::test]
async fn a_post_on_one_machine() {
    let mut table = Table::new().await;
    let (post, accounts) = created(&mut table).await;
    let before = table.data.get_posts(std::slice::from_ref(&post.id)).await.unwrap().remove(0);
    let (after, deliveries) = claimed(&before);
    let deliveries: Vec<_> = deliveries.into_iter().map(|it| it.reserved(&worker(), NOW)).collect();
    let claim = Claim { before, after: after.clone(), deliveries: deliveries.clone() };
    table.data.claim_posts(&[claim]).await.unwrap();
    table.note("claim, with both deliveries");
    let payload = "p".repeat(PAYLOAD);
    let frozen: Vec<_> = deliveries.iter().map(|it| (it, payload.as_str())).collect();
    table.data.freeze_payloads(&frozen, NOW).await.unwrap();
    table.note("freeze both payloads");
    let mut over = Vec::new();
    for (mine, account) in deliveries.iter().zip(&accounts) {
        table.data.open_account(&account.id, &account.platform).await.unwrap();
        let armed = mine.arm(NOW).unwrap();
        table.data.replace_delivery(mine, &armed).await.unwrap();
        table.data.replace_delivery(&armed, &published(&armed)).await.unwrap();
        over.push(published(&armed));
    }
    table.note("deliver twice: the account, arm, settle");
    finished(&mut table, &after, &over).await;
    let sum = table.sum("a post to two accounts, on one machine");
    assert!(sum.writes <= 28.0 && sum.reads <= 11.0, "{sum:?}");
}

/// The recipe of processes that share a store.
#[tokio::test]
async fn a_post_among_several_processes() {
    let mut table = Table::new().await;
    let (post, accounts) = created(&mut table).await;
    let (before, _) = table.data.get_post(&post.id).await.unwrap();
    let (after, deliveries) = claimed(&before);
    let claim = Claim { before, after: after.clone(), deliveries: deliveries.clone() };
    table.data.claim_posts(&[claim]).await.unwrap();
    table.note("claim, with both deliveries");
    let (settings, payload) = (Settings::default(), "p".repeat(PAYLOAD));
    let mut over = Vec::new();
    for (queued, account) in deliveries.iter().zip(&accounts) {
        table.data.lease_account(&account.id, &worker(), NOW, &settings).await.unwrap();
        table.data.open_account(&account.id, &account.platform).await.unwrap();
        let claim = queued.claim(&worker(), Class::Idempotent, NOW, &settings);
        let DeliveryClaim::Taken(mine) = claim else { panic!("{claim:?}") };
        table.data.replace_delivery(queued, &mine).await.unwrap();
        let armed = mine.arm(NOW).unwrap();
        table.data.arm_first(&mine, &armed, &payload, NOW).await.unwrap();
        table.data.replace_delivery(&armed, &published(&armed)).await.unwrap();
        table.data.get_post(&post.id).await.unwrap();
        table.data.release_account(&account.id, &worker()).await.unwrap();
        over.push(published(&armed));
    }
    table.note(
        "deliver twice: lease, account, claim, arm with the payload, settle, look, give back",
    );
    finished(&mut table, &after, &over).await;
    let sum = table.sum("a post to two accounts, among several processes");
    assert!(sum.writes <= 48.0 && sum.reads <= 16.0, "{sum:?}");
}
