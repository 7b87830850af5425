//! The tables on the embedded engine.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::time::Duration;

use data::{Claim, Cursor, Data, Due, Error, Kept, Stored};
use posts::{
    Account, AccountId, AccountStatus, Caller, Class, Delivery, DeliveryClaim, DeliveryId,
    GateScope, NewPost, Post, PostClaim, PostId, PostStatus, Settings, Timestamp, UserId, Worker,
    WorkspaceId,
};

const NOW: i64 = 1_795_161_600_000;

fn now() -> Timestamp {
    Timestamp::from_ms(NOW)
}

async fn data() -> Data {
    let data = Data::new(embedded::memory().unwrap());
    data.create_tables_if_missing().await.unwrap();
    data.create_tables_if_missing().await.unwrap();
    data
}

fn account(id: &str) -> Account {
    Account {
        id: AccountId::parse(id).unwrap(),
        workspace_id: WorkspaceId::parse("w").unwrap(),
        platform: "webhook".to_owned(),
        name: "Demo".to_owned(),
        url: "https://example.com".to_owned(),
        remote_id: String::new(),
        created_by: UserId::parse("u").unwrap(),
        created_at: now(),
        status: AccountStatus::Connected,
        limits: None,
        version: 1,
    }
}

fn post(id: &str, accounts: &[Account], in_ms: Option<u64>) -> Post {
    let caller = Caller {
        user_id: UserId::parse("u").unwrap(),
        workspaces: vec![WorkspaceId::parse("w").unwrap()],
    };
    let new = NewPost {
        text: "Hello".to_owned(),
        accounts: accounts.iter().map(|a| a.id.clone()).collect(),
        scheduled_at: in_ms.map(|ms| now().plus(Duration::from_millis(ms))),
        ..NewPost::default()
    };
    Post::create(PostId::parse(id).unwrap(), &caller, new, accounts, now()).unwrap()
}

fn worker(run: &str) -> Worker {
    Worker { process: "p".to_owned(), run: run.to_owned() }
}

fn claim(before: &Post, after: &Post, deliveries: &[Delivery]) -> Claim {
    Claim { before: before.clone(), after: after.clone(), deliveries: deliveries.to_vec() }
}

#[tokio::test]
async fn what_is_stored_is_read_whole() {
    let data = data().await;
    let accounts: Vec<_> = (0..50).map(|n| account(&format!("a{n}"))).collect();
    for post in [post("draft", &[], None), post("due", &accounts, Some(0))] {
        data.create_post(&post).await.unwrap();
        assert_eq!(data.get_post(&post.id).await.unwrap(), (post, vec![]));
    }
    let (before, _) = data.get_post(&PostId::parse("due").unwrap()).await.unwrap();
    let PostClaim::Taken(after, mut deliveries) = before.claim(now(), &Settings::default()) else {
        panic!("not due")
    };
    data.claim_posts(&[claim(&before, &after, &deliveries)]).await.unwrap();
    let (stored, mut found) = data.get_post(&before.id).await.unwrap();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    deliveries.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!((stored, found), (after, deliveries));
    let gone = data.get_post(&PostId::parse("none").unwrap()).await;
    assert!(matches!(gone, Err(Error::NotFound)));
}

#[tokio::test]
async fn the_second_of_two_writes_loses_and_changes_nothing() {
    let data = data().await;
    let first = post("p", &[account("a")], Some(0));
    data.create_post(&first).await.unwrap();
    let cancelled = first.cancel(now()).unwrap();
    let PostClaim::Taken(claimed, deliveries) = first.claim(now(), &Settings::default()) else {
        panic!("not due")
    };
    data.replace_post(&first, &cancelled).await.unwrap();
    assert!(matches!(
        data.claim_posts(&[claim(&first, &claimed, &deliveries)]).await,
        Err(Error::Conflict)
    ));
    assert!(matches!(data.replace_post(&first, &cancelled).await, Err(Error::Conflict)));
    assert!(matches!(data.delete_post(&first, &[]).await, Err(Error::Conflict)));
    assert_eq!(data.get_post(&first.id).await.unwrap(), (cancelled, vec![]));
}

#[tokio::test]
async fn the_due_index_has_what_is_due_and_nothing_else() {
    let data = data().await;
    let accounts = [account("a")];
    for post in [
        post("now", &accounts, Some(0)),
        post("later", &accounts, Some(1)),
        post("draft", &[], None),
    ] {
        data.create_post(&post).await.unwrap();
    }
    let due = data.due(None, now()).await.unwrap();
    let expected = Due::Post {
        post: PostId::parse("now").unwrap(),
        workspace: WorkspaceId::parse("w").unwrap(),
    };
    assert_eq!(due, [expected]);
    let seen = |ms| data.due(Some(now().minus(Duration::from_millis(ms))), now());
    assert_eq!((seen(1).await.unwrap().len(), seen(0).await.unwrap().len()), (1, 0));

    let (before, _) = data.get_post(&PostId::parse("now").unwrap()).await.unwrap();
    let PostClaim::Taken(after, deliveries) = before.claim(now(), &Settings::default()) else {
        panic!("not due")
    };
    data.claim_posts(&[claim(&before, &after, &deliveries)]).await.unwrap();
    let due = data.due(None, now()).await.unwrap();
    assert!(
        matches!(due.as_slice(), [Due::Delivery { delivery, .. }] if *delivery == deliveries[0].id),
        "{due:?}"
    );

    data.look_again(&after, None).await.unwrap();
    assert_eq!(
        data.due(None, now().plus(Duration::from_secs(3600))).await.unwrap().len(),
        2,
        "the delivery and `later`"
    );
    data.look_again(&after, Some(now())).await.unwrap();
    assert_eq!(data.due(None, now()).await.unwrap().len(), 2);
    assert_eq!(data.get_post(&before.id).await.unwrap().0, after, "looking again makes no version");
}

#[tokio::test]
async fn a_payload_is_frozen_with_the_first_attempt() {
    let data = data().await;
    let before = post("p", &[account("a")], Some(0));
    data.create_post(&before).await.unwrap();
    let PostClaim::Taken(after, deliveries) = before.claim(now(), &Settings::default()) else {
        panic!("not due")
    };
    data.claim_posts(&[claim(&before, &after, &deliveries)]).await.unwrap();
    let queued = &deliveries[0];
    assert!(matches!(data.get_payload(queued).await, Err(Error::NotFound)));
    let settings = Settings::default();
    let DeliveryClaim::Taken(mine) =
        queued.claim(&worker("1"), Class::Idempotent, now(), &settings)
    else {
        panic!("not due")
    };
    data.replace_delivery(queued, &mine).await.unwrap();
    assert!(matches!(data.replace_delivery(queued, &mine).await, Err(Error::Conflict)));
    let armed = mine.arm(now()).unwrap();
    data.arm_first(&mine, &armed, "{\"text\":\"Hello\"}", now()).await.unwrap();
    assert!(matches!(data.arm_first(&mine, &armed, "other", now()).await, Err(Error::Conflict)));
    assert_eq!(data.get_payload(queued).await.unwrap(), "{\"text\":\"Hello\"}");
    assert_eq!(data.get_delivery(&armed.post_id, &armed.id).await.unwrap(), armed);
    data.delete_post(&after, &deliveries).await.unwrap();
    assert!(matches!(data.get_payload(queued).await, Err(Error::NotFound)));
    assert!(matches!(data.get_delivery(&armed.post_id, &armed.id).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn pages_have_every_post_once_the_last_due_first() {
    let data = data().await;
    let accounts = [account("a")];
    for n in 0..7 {
        data.create_post(&post(&format!("p{n}"), &accounts, Some(n))).await.unwrap();
    }
    data.create_post(&post("draft", &[], None)).await.unwrap();
    let workspace = WorkspaceId::parse("w").unwrap();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page =
            data.list_posts(&workspace, Some(PostStatus::Scheduled), cursor, 3).await.unwrap();
        seen.extend(page.posts.into_iter().map(|(post, _)| post.id.to_string()));
        let Some(next) = page.next else { break };
        cursor = Some(Cursor::parse(&next.opaque()).unwrap());
    }
    assert_eq!(seen, ["p6", "p5", "p4", "p3", "p2", "p1", "p0"]);
    let all = data.list_posts(&workspace, None, None, 100).await.unwrap();
    assert_eq!((all.posts.len(), all.next), (8, None));
    let other = data.list_posts(&WorkspaceId::parse("v").unwrap(), None, None, 100).await.unwrap();
    assert!(other.posts.is_empty());
    for bad in ["", "zz", "00", &hex::encode("x#y")] {
        assert_eq!(Cursor::parse(bad), None, "{bad}");
    }
}

#[tokio::test]
async fn accounts_keep_their_secret_apart() {
    let data = data().await;
    let one = account("a");
    data.create_account(&one, &"sealed-x".into()).await.unwrap();
    assert_eq!(data.get_account(&one.id).await.unwrap(), one);
    assert_eq!(data.list_accounts(&one.workspace_id).await.unwrap(), std::slice::from_ref(&one));
    let ids = [one.id.clone(), AccountId::parse("none").unwrap()];
    assert_eq!(data.get_accounts(&ids).await.unwrap(), std::slice::from_ref(&one));
    let stored = Stored { token_ver: 1, kept: Kept::Sealed("sealed-x".to_owned()) };
    assert_eq!(data.get_credentials(&one.id).await.unwrap(), stored);
    data.delete_account(&one.id).await.unwrap();
    assert!(matches!(data.get_account(&one.id).await, Err(Error::NotFound)));
    assert!(matches!(data.get_credentials(&one.id).await, Err(Error::NotFound)));
    assert!(matches!(data.delete_account(&one.id).await, Err(Error::Conflict)));
}

#[tokio::test]
async fn an_account_is_handed_over_once_at_a_time() {
    let (data, id) = (data().await, AccountId::parse("a").unwrap());
    let after = |seconds| now().plus(Duration::from_secs(seconds));
    let lost = |done: Result<(), Error>| matches!(done, Err(Error::Conflict));
    data.hand_over(&id, "one", now()).await.unwrap();
    assert!(lost(data.hand_over(&id, "two", after(1)).await), "it is in a queue");
    data.hand_over(&id, "one", after(200)).await.unwrap();
    assert!(lost(data.hand_over(&id, "two", after(499)).await), "noted again it lasts longer");
    data.handed_back(&id, "two").await.unwrap();
    assert!(lost(data.hand_over(&id, "two", after(499)).await), "not theirs to take away");
    data.hand_over(&id, "two", after(501)).await.unwrap();
    data.handed_back(&id, "two").await.unwrap();
    data.handed_back(&id, "two").await.unwrap();
    data.hand_over(&id, "three", after(501)).await.unwrap();
}

#[tokio::test]
async fn what_is_due_is_read_in_order() {
    let data = data().await;
    for (id, at) in [("c", 2), ("a", 2), ("b", 1), ("e", 0), ("d", 2), ("later", 9)] {
        data.create_post(&post(id, &[account("x")], Some(at))).await.unwrap();
    }
    let due = data.due(None, now().plus(Duration::from_millis(2))).await.unwrap();
    let names: Vec<_> = due
        .iter()
        .map(|due| match due {
            Due::Post { post, .. } => post.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["e", "b", "a", "c", "d"]);
}

#[tokio::test]
async fn an_account_is_leased_to_one_worker_at_a_time() {
    let data = data().await;
    let id = account("a").id;
    let settings = Settings::default();
    data.lease_account(&id, &worker("1"), now(), &settings).await.unwrap();
    data.lease_account(&id, &worker("1"), now(), &settings).await.unwrap();
    let other = data.lease_account(&id, &worker("2"), now(), &settings).await;
    assert!(matches!(other, Err(Error::Conflict)));
    data.release_account(&id, &worker("2")).await.unwrap();
    let still = data
        .lease_account(&id, &worker("2"), now().plus(Duration::from_secs(124)), &settings)
        .await;
    assert!(matches!(still, Err(Error::Conflict)), "the slack is part of the lease");
    data.lease_account(&id, &worker("2"), now().plus(Duration::from_secs(126)), &settings)
        .await
        .unwrap();
    let next = Worker { process: "q".to_owned(), run: "1".to_owned() };
    let alone = Settings { alone: true, ..settings };
    data.lease_account(&id, &next, now(), &alone).await.unwrap();
    data.release_account(&id, &next).await.unwrap();
    data.lease_account(&id, &worker("3"), now(), &settings).await.unwrap();
}

#[tokio::test]
async fn one_worker_renews_credentials_and_a_late_one_changes_nothing() {
    let data = data().await;
    let (one, me, other) = (account("a1"), worker("1"), worker("2"));
    data.create_account(&one, &"first".into()).await.unwrap();
    data.lease_renewal(&one.id, 1, &me, now()).await.unwrap();
    let lost = |done| matches!(done, Err(Error::Conflict));
    assert!(lost(data.lease_renewal(&one.id, 1, &other, now()).await), "another has the right");
    assert!(lost(data.replace_credentials(&one.id, 1, &"x".into(), Some(&other)).await));
    data.replace_credentials(&one.id, 1, &"second".into(), Some(&me)).await.unwrap();
    assert!(lost(data.lease_renewal(&one.id, 1, &other, now()).await), "they are renewed already");
    let later = now().plus(Duration::from_secs(3600));
    data.lease_renewal(&one.id, 2, &other, later).await.unwrap();
    data.release_renewal(&one.id, &me).await.unwrap();
    assert!(lost(data.lease_renewal(&one.id, 2, &me, later).await), "not mine to give back");
    let stored = Stored { token_ver: 2, kept: Kept::Sealed("second".to_owned()) };
    assert_eq!(data.get_credentials(&one.id).await.unwrap(), stored);
}

#[tokio::test]
async fn a_gate_stays_closed_for_the_longest_of_its_reasons() {
    let data = data().await;
    let (a, b) = (AccountId::parse("a").unwrap(), AccountId::parse("b").unwrap());
    let at = |seconds| now().plus(Duration::from_secs(seconds));
    assert_eq!(data.gate(&a, "x").await.unwrap(), None);
    for seconds in [60, 30] {
        data.close_gate(&a, "x", GateScope::Account, at(seconds)).await.unwrap();
    }
    assert_eq!(data.gate(&a, "x").await.unwrap(), Some(at(60)));
    assert_eq!(data.gate(&b, "x").await.unwrap(), None);
    data.close_gate(&a, "x", GateScope::App, at(90)).await.unwrap();
    for id in [&a, &b] {
        assert_eq!(data.gate(id, "x").await.unwrap(), Some(at(90)));
    }
    assert_eq!(data.gate(&b, "y").await.unwrap(), None, "another app");
}

#[tokio::test]
async fn a_remote_post_belongs_to_one_delivery() {
    let data = data().await;
    let account = AccountId::parse("a").unwrap();
    let [one, two] = ["d1", "d2"].map(|id| DeliveryId::parse(id).unwrap());
    for (delivery, owns) in [(&one, true), (&two, false), (&one, true)] {
        assert_eq!(data.own_remote(&account, "r", delivery).await.unwrap(), owns);
    }
}

#[tokio::test]
async fn posts_are_claimed_together_or_not_at_all() {
    let data = data().await;
    let mut claims = Vec::new();
    for n in 1..=3 {
        let before = post(&format!("p{n}"), &[account("a"), account("b")], Some(0));
        data.create_post(&before).await.unwrap();
        let PostClaim::Taken(after, deliveries) = before.claim(now(), &Settings::default()) else {
            panic!("not due")
        };
        claims.push(claim(&before, &after, &deliveries));
    }
    let ids: Vec<_> = claims.iter().map(|claim| claim.before.id.clone()).collect();
    assert_eq!(data.get_posts(&ids).await.unwrap().len(), 3);
    let late = Post { version: 7, ..claims[2].before.clone() };
    let lost = [claims[0].clone(), Claim { before: late, ..claims[2].clone() }];
    assert!(matches!(data.claim_posts(&lost).await, Err(Error::Conflict)));
    assert_eq!(data.get_post(&ids[0]).await.unwrap(), (claims[0].before.clone(), Vec::new()));
    data.claim_posts(&claims).await.unwrap();
    for Claim { after, deliveries, .. } in &claims {
        let (stored, found) = data.get_post(&after.id).await.unwrap();
        assert_eq!((&stored, found.len()), (after, deliveries.len()));
        assert!(found.iter().all(|it| deliveries.contains(it)));
    }
    let delivery = &claims[0].deliveries[0];
    data.freeze_payloads(&[(delivery, "frozen")], now()).await.unwrap();
    assert_eq!(data.get_payload(delivery).await.unwrap(), "frozen");
}
