//! More is due than a run does itself: others get it, account by account, by messages that come twice, late or never.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures::future::join_all;
use posts::{Account, Class, DeliveryStatus, Parcel, Settings, Timestamp, limits};
use publishing::{HandOver, TickReport};
use serde_json::Value;

use crate::world::{Ledger, NOW, World, after, caller, new_post};

const MINUTES: Duration = Duration::from_secs(120);

/// What was handed over.
#[derive(Default)]
struct Queue {
    parcels: Mutex<Vec<Parcel>>,
    is_down: bool,
}

impl HandOver for Queue {
    async fn hand_over(&self, parcels: Vec<Parcel>) -> Vec<Parcel> {
        if self.is_down {
            return parcels;
        }
        self.parcels.lock().unwrap().extend(parcels);
        Vec::new()
    }
}

impl Queue {
    fn take(&self) -> Vec<Parcel> {
        std::mem::take(&mut *self.parcels.lock().unwrap())
    }
}

fn deliveries(parcels: &[Parcel]) -> usize {
    parcels.iter().flat_map(|parcel| &parcel.shares).map(|share| share.deliveries.len()).sum()
}

/// Accounts in three workspaces, each with so many posts, due a millisecond after each other.
pub(crate) async fn due(world: &mut World, accounts: usize, posts: usize) -> Vec<Account> {
    let (mut connected, mut nth) = (Vec::new(), 0);
    for n in 0..accounts {
        world.me = caller("ann", &[["u", "v", "w"][n % 3]]);
        let account = world.connect(&format!("{n}")).await;
        for _ in 0..posts {
            // The later ones are stored first.
            nth += 1;
            let at = Timestamp::from_ms(NOW.ms() + 5_000 - nth);
            let new = new_post(&format!("{:05}", 5_000 - nth), &[&account], Some(at));
            world.server.create_post(&world.me, new, NOW, None).await.unwrap();
        }
        connected.push(account);
    }
    connected
}

/// Each account got its posts in order; how many there were.
pub(crate) fn in_order(ledger: &Ledger) -> usize {
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for call in ledger.calls() {
        let payload: Value = serde_json::from_str(&call.payload).unwrap();
        let text = payload["text"].as_str().unwrap().to_owned();
        told.entry(call.account.to_string()).or_default().push(text);
    }
    assert!(told.values().all(|texts| texts.is_sorted()), "{told:?}");
    told.values().map(Vec::len).sum()
}

fn kinds(report: TickReport) -> (u64, u64) {
    (report.published, report.handed_over)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_share_what_is_too_much_for_one_run() {
    let mut world = World::new().await;
    due(&mut world, 22, 12).await;
    let queue = Queue::default();
    let report = world.server.tick_within(after(6), MINUTES, &queue).await;
    // Sixteen accounts with twelve posts each are 192.
    assert_eq!(kinds(report), (192, 72));
    let parcels = queue.take();
    assert_eq!((deliveries(&parcels), world.ledger.rows()), (72, 192));
    // Each message comes twice, to two workers at once.
    let workers: Vec<_> = (0..2).map(|_| world.another_server()).collect();
    let work = workers.iter().map(|it| it.take_over(parcels.clone(), after(7), MINUTES, &queue));
    let reports = join_all(work).await;
    assert_eq!(reports.iter().map(|report| report.published).sum::<u64>(), 72);
    assert_eq!((world.ledger.rows(), in_order(&world.ledger)), (264, 264), "each once, in order");
    assert!(queue.take().is_empty());
    // And once more when all is done.
    let late = world.server.take_over(parcels, after(8), MINUTES, &queue).await;
    assert_eq!((late, world.ledger.calls().len()), (TickReport::default(), 264));
}

#[tokio::test]
async fn what_is_no_more_than_a_run_does_is_not_handed_over() {
    let mut world = World::new().await;
    due(&mut world, 20, 10).await;
    let queue = Queue::default();
    let report = world.server.tick_within(after(6), MINUTES, &queue).await;
    assert_eq!((kinds(report), queue.take().len()), ((limits::OWN as u64, 0), 0));
}

/// However many runs find the same due while the messages wait, an account is in one of them.
#[tokio::test]
async fn an_account_is_handed_over_once_at_a_time() {
    let mut world = World::new().await;
    due(&mut world, 34, 12).await;
    let queue = Queue::default();
    assert_eq!(kinds(world.server.tick_within(after(6), MINUTES, &queue).await), (192, 216));
    let first = queue.take();
    // It does what it may itself, and two accounts are too much.
    assert_eq!(kinds(world.server.tick_within(after(60), MINUTES, &queue).await), (192, 0));
    assert!(queue.take().is_empty());
    let late = world.server.take_over(first, after(70), MINUTES, &queue).await;
    assert_eq!((kinds(late), in_order(&world.ledger)), ((24, 0), 408));
}

#[tokio::test]
async fn a_run_does_itself_what_the_queue_does_not_take() {
    let mut world = World::new().await;
    due(&mut world, 17, 12).await;
    let down = Queue { is_down: true, ..Queue::default() };
    let report = world.server.tick_within(after(6), MINUTES, &down).await;
    assert_eq!((kinds(report), in_order(&world.ledger)), ((204, 0), 204));
}

#[tokio::test]
async fn what_there_is_no_time_for_is_handed_on() {
    let mut world = World::new().await;
    let account = world.connect("slow").await;
    for n in 0..3 {
        let new = new_post(&format!("{n}"), &[&account], Some(NOW.plus(Duration::from_millis(n))));
        world.server.create_post(&world.me, new, NOW, None).await.unwrap();
    }
    // Of four seconds half are kept for what was begun.
    let (queue, time) = (Queue::default(), Duration::from_secs(4));
    let late = async {
        world.begun.recv().await.unwrap();
        tokio::time::sleep(time / 2).await;
        world.ledger.open_gate(1);
    };
    let (report, ()) = tokio::join!(world.server.tick_within(after(1), time, &queue), late);
    assert_eq!(kinds(report), (1, 2));
    let parcels = queue.take();
    // A worker that has no time at all hands on what it got.
    let report = world.server.take_over(parcels.clone(), after(6), Duration::ZERO, &queue).await;
    assert_eq!(kinds(report), (0, 2));
    assert_eq!(queue.take(), parcels);
    world.ledger.open_gate(2);
    let report = world.server.take_over(parcels, after(7), MINUTES, &queue).await;
    assert_eq!((kinds(report), in_order(&world.ledger)), ((2, 0), 3));
    // Nothing is claimed without time for it.
    world.schedule(&[&account], after(8)).await;
    let report = world.server.tick_within(after(9), Duration::ZERO, &queue).await;
    assert_eq!(report, TickReport::default());
}

/// The platform took so long to prepare that the call could be cut off: it is not begun.
#[tokio::test]
async fn no_call_begins_that_may_be_cut_off() {
    let mut world = World::with(Class::Opaque, Settings::default()).await;
    let account = world.connect("slow to prepare").await;
    let post = world.schedule(&[&account], NOW).await.post.id;
    let (queue, time) = (Queue::default(), Duration::from_secs(4));
    let late = async {
        world.begun.recv().await.unwrap();
        tokio::time::sleep(time / 2).await;
        world.ledger.open_gate(2);
    };
    let (report, ()) = tokio::join!(world.server.tick_within(after(1), time, &queue), late);
    assert_eq!((kinds(report), world.ledger.calls().len()), ((0, 1), 0));
    assert_eq!(world.get(&post).await.deliveries[0].status, DeliveryStatus::Queued);
    let report = world.server.take_over(queue.take(), after(6), MINUTES, &queue).await;
    assert_eq!(kinds(report), (1, 0));
}

#[tokio::test]
async fn a_worker_that_dies_is_made_up_for_by_a_later_run() {
    let mut world = World::new().await;
    due(&mut world, 22, 12).await;
    let queue = Queue::default();
    world.server.tick_within(after(6), MINUTES, &queue).await;
    let (worker, parcels) = (world.another_server(), queue.take());
    let done = world.ledger.rows();
    while world.begun.try_recv().is_ok() {}
    let dies = tokio::spawn(async move {
        worker.take_over(parcels, after(7), MINUTES, &Queue::default()).await
    });
    for _ in 0..20 {
        world.begun.recv().await.unwrap();
    }
    dies.abort();
    assert!(dies.await.unwrap_err().is_cancelled());
    assert!((done..264).contains(&world.ledger.rows()), "it died midway");
    // Its leases lapse; the calls that it had begun are repeated under their keys.
    for minute in 1..=3 {
        world.server.tick_within(after(60 * minute + 90), MINUTES, &queue).await;
    }
    assert_eq!(world.ledger.rows(), 264);
}
