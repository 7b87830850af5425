//! The table of webhooks on the embedded engine.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use data::{Data, Error, HOOK_WRITES, HookWrite};
use posts::Timestamp;
use protocol::AppId;
use webhooks::{Batch, Claimant, Delivery, DeliveryId, EndpointId, LEASE, Outcome, Process};

fn now() -> Timestamp {
    Timestamp::from_ms(1_795_161_600_000)
}

async fn data() -> Data {
    let data = Data::new(embedded::memory().unwrap());
    data.create_tables_if_missing().await.unwrap();
    data
}

async fn due(data: &Data, horizon: Timestamp) -> Vec<DeliveryId> {
    data.due_hooks(horizon, 100).await.unwrap().into_iter().map(|due| due.id).collect()
}

fn delivery(number: u128, app: &str) -> Delivery {
    let batch = Batch { events: r#"[{"name":"cache_miss"}]"#.into(), event_count: 1 };
    let id = DeliveryId::from_number(number);
    Delivery::new(id, AppId::new(app), EndpointId::new("e"), batch, &Process::from_number(1), now())
}

fn refused(delivery: &Delivery) -> Delivery {
    delivery.settle(Outcome::Refused { why: "no".into() }, now(), 0.0).unwrap()
}

#[tokio::test]
async fn a_group_is_stored_and_dropped_together() {
    let data = data().await;
    let all: Vec<_> = (0..HOOK_WRITES as u128).map(|number| delivery(number, "1")).collect();
    let adds: Vec<_> = all.iter().cloned().map(HookWrite::Add).collect();
    data.write_hooks(&adds).await.unwrap();
    data.write_hooks(&adds).await.unwrap();
    assert_eq!(data.get_hook(&all[7].id).await.unwrap(), all[7]);
    assert_eq!(due(&data, now()).await, []);
    let mut due = due(&data, now().plus(LEASE)).await;
    due.sort();
    assert_eq!(due, all.iter().map(|it| it.id.clone()).collect::<Vec<_>>());

    let drops: Vec<_> = due.into_iter().map(HookWrite::Drop).collect();
    data.write_hooks(&drops).await.unwrap();
    data.write_hooks(&drops).await.unwrap();
    assert!(matches!(data.get_hook(&all[7].id).await, Err(Error::NotFound)));
    assert_eq!(self::due(&data, now().plus(LEASE)).await, []);
}

#[tokio::test]
async fn one_of_two_claims_wins() {
    let data = data().await;
    let new = delivery(1, "1");
    data.write_hooks(&[HookWrite::Add(new.clone())]).await.unwrap();
    let later = now().plus(LEASE);
    let me = Claimant { process: Process::from_number(2), alone: false };
    let claimed = new.claim(&me, later, later).unwrap();
    data.replace_hook(&new, &claimed).await.unwrap();
    assert!(matches!(data.replace_hook(&new, &claimed).await, Err(Error::Conflict)));
    assert_eq!(due(&data, later).await, []);
}

#[tokio::test]
async fn dead_letters_are_listed_by_app_until_they_are_replayed() {
    let data = data().await;
    for (number, app) in [(1, "1"), (2, "2"), (3, "1")] {
        data.write_hooks(&[HookWrite::Add(refused(&delivery(number, app)))]).await.unwrap();
    }
    data.write_hooks(&[HookWrite::Add(delivery(4, "1"))]).await.unwrap();
    let list = async |app: &str| data.list_dead_hooks(&AppId::new(app), 10).await.unwrap();
    assert_eq!(list("1").await, [refused(&delivery(3, "1")), refused(&delivery(1, "1"))]);
    assert_eq!(list("2").await, [refused(&delivery(2, "2"))]);
    assert_eq!(list("3").await, []);

    let dead = refused(&delivery(3, "1"));
    let anew = dead.replay(now()).unwrap();
    data.replace_hook(&dead, &anew).await.unwrap();
    assert_eq!(list("1").await, [refused(&delivery(1, "1"))]);
    assert_eq!(due(&data, now()).await, [dead.id]);
}
