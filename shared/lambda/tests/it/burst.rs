//! More posts are due at once than a run does itself: the rest goes through the queue, and is done by workers side by side.

use std::collections::BTreeMap;
use std::time::Duration;

use emulated::{Fault, Rule};
use fakes::{Fake, Kind};
use lambda::host::{Host, Posts};
use lambda::publish::tick;
use lambda::queue::Task;
use lambda::worker::work;
use posts::{AccountId, Caller, NewAccount, NewPost, Secret, Timestamp, UserId, WorkspaceId};
use serde_json::{Value, json};

use crate::world::World;

/// What a run has of the function's time, more than it needs.
const TIME: Duration = Duration::from_secs(120);
const WORKSPACES: [&str; 3] = ["u", "v", "w"];
/// Of each workspace; each post goes to all accounts.
const ACCOUNTS: usize = 10;
const POSTS: usize = 14;
const ALL: usize = WORKSPACES.len() * ACCOUNTS * POSTS;

async fn function(world: &World, name: &str) -> (Host, Posts) {
    let private = [("PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES", "true")];
    let host = world.host_with(name, "", &private).await;
    let posts = host.posts().unwrap();
    (host, posts)
}

fn caller(workspace: &str) -> Caller {
    let workspaces = vec![WorkspaceId::parse(workspace).unwrap()];
    Caller { user_id: UserId::parse("ann").unwrap(), workspaces }
}

/// What each account is to get, by its path and in order.
type Expected = BTreeMap<String, Vec<String>>;

/// Posts that are due now, and what is to become of them.
async fn due(posts: &Posts, fake: &Fake) -> Expected {
    let mut expected = Expected::new();
    let now = Timestamp::from_ms(i64::try_from(lambda::host::now_ms()).unwrap());
    for workspace in WORKSPACES {
        let me = caller(workspace);
        let mut accounts: Vec<AccountId> = Vec::new();
        for n in 0..ACCOUNTS {
            let account = NewAccount {
                remote_id: String::new(),
                workspace_id: None,
                platform: "webhook".to_owned(),
                name: format!("{n}"),
                url: format!("{}/{workspace}{n}", fake.url()),
                secret: Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            };
            accounts.push(posts.publishing.connect_account(&me, account, now).await.unwrap().id);
        }
        let mut made = Vec::new();
        for n in 0..POSTS {
            let (text, accounts) = (format!("{n}"), accounts.clone());
            let new = NewPost { text, accounts, scheduled_at: Some(now), ..NewPost::default() };
            let post = posts.publishing.create_post(&me, new, now, None).await.unwrap().post;
            made.push((post.when().unwrap().scheduled_at, post.id, post.text));
        }
        made.sort();
        let texts: Vec<_> = made.into_iter().map(|(.., text)| text).collect();
        let paths = (0..ACCOUNTS).map(|n| format!("POST {workspace}{n}"));
        expected.extend(paths.map(|path| (path, texts.clone())));
    }
    expected
}

/// The bodies of the messages that hand something over.
async fn messages(world: &World) -> Vec<Value> {
    let mut bodies = Vec::new();
    let mut handed = 0;
    while handed < ALL - 196 {
        let taken = world.next("worker").await;
        for record in taken.event["Records"].as_array().unwrap() {
            let body: Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap();
            if let Ok(Task::Deliver(parcel)) = serde_json::from_value(body.clone()) {
                handed += parcel.shares.iter().map(|it| it.deliveries.len()).sum::<usize>();
                bodies.push(body);
            }
        }
        world.answer("worker", taken, json!({ "batchItemFailures": [] })).await;
    }
    bodies
}

fn batch(bodies: &[Value]) -> Value {
    let record = |(at, body): (usize, &Value)| json!({ "messageId": format!("m{at}"), "body": body.to_string() });
    json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>() })
}

/// What each account got: a row for each call, or it was called twice.
fn got(fake: &Fake) -> Expected {
    let (calls, rows) = (fake.calls(), fake.ledger());
    assert_eq!(calls.len(), rows.len(), "nothing is sent twice");
    let mut got = Expected::new();
    for (call, row) in calls.into_iter().zip(rows) {
        got.entry(call).or_default().push(row.text);
    }
    got
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_side_by_side_do_what_is_too_much_for_one_run() {
    let (world, fake) = (World::new().await, Fake::start(Kind::Webhook).await.unwrap());
    let (host, posts) = function(&world, "publish").await;
    let expected = due(&posts, &fake).await;
    let report = tick(&host, &posts, TIME).await;
    assert_eq!((&report["published"], &report["handed_over"]), (&json!(196), &json!(ALL - 196)));
    let bodies = messages(&world).await;
    assert_eq!(bodies.len(), 2, "at most two hundred in each");
    let workers = (function(&world, "worker").await, function(&world, "worker").await);
    let both = async |first: &Value, second: &Value| {
        let batches = (batch(std::slice::from_ref(first)), batch(std::slice::from_ref(second)));
        let done = tokio::join!(
            work(&workers.0.0, &workers.0.1, batches.0, TIME),
            work(&workers.1.0, &workers.1.1, batches.1, TIME),
        );
        let nothing = json!({ "batchItemFailures": [] });
        assert_eq!(done, (nothing.clone(), nothing));
    };
    both(&bodies[0], &bodies[1]).await;
    assert_eq!(got(&fake), expected);
    // A queue may deliver a message twice, to whomever.
    both(&bodies[1], &bodies[0]).await;
    assert_eq!(got(&fake), expected);
    let report = tick(&host, &posts, TIME).await;
    let left = ["processed", "published", "failed", "handed_over"].map(|it| report[it].clone());
    assert_eq!(left, [0; 4].map(|it| json!(it)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_worker_cannot_do_is_done_by_later_runs() {
    let (world, fake) = (World::new().await, Fake::start(Kind::Webhook).await.unwrap());
    let (host, posts) = function(&world, "publish").await;
    let expected = due(&posts, &fake).await;
    tick(&host, &posts, TIME).await;
    let bodies = messages(&world).await;
    let worker = function(&world, "worker").await;
    let down = Rule::new("dynamodb:*", Fault::Status(400)).on("pushbridge-accounts");
    world.cloud.set_faults(vec![down]);
    let done = work(&worker.0, &worker.1, batch(&bodies), TIME).await;
    assert_eq!(done, json!({ "batchItemFailures": [] }), "a message that fails loses nothing");
    world.cloud.set_faults(Vec::new());
    assert_eq!(fake.ledger().len(), 196);
    for left in [ALL - 2 * 196, 0] {
        let report = tick(&host, &posts, TIME).await;
        assert_eq!(report["handed_over"], 0, "the messages may still come");
        assert_eq!(fake.ledger().len(), ALL - left);
    }
    assert_eq!(got(&fake), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_does_itself_what_the_queue_does_not_take() {
    let (world, fake) = (World::new().await, Fake::start(Kind::Webhook).await.unwrap());
    let (host, posts) = function(&world, "publish").await;
    let expected = due(&posts, &fake).await;
    world.cloud.set_faults(vec![Rule::new("sqs:*", Fault::Status(400))]);
    let report = tick(&host, &posts, TIME).await;
    assert_eq!((&report["published"], &report["handed_over"]), (&json!(ALL), &json!(0)));
    assert_eq!(got(&fake), expected);
}
