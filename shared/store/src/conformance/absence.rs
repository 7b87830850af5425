//! Who is lost keeps their place for a while.

use channels::{Absence, Connection, Counts, Departed, Leaving, Left, Limits};
use protocol::UserId;

use super::{ASKED, app, bury, connection, gone, join, name, new, ok};
use crate::Store;

pub(super) async fn run<S: Store>(store: &S) {
    who_comes_back_was_never_gone(store).await;
    who_does_not_come_back_is_gone(store).await;
    an_old_absence_says_nothing_of_a_new_one(store).await;
    a_clean_leave_ends_no_other_absence(store).await;
    counts_are_held_once(store).await;
}

async fn lose<S: Store>(store: &S, connection: &Connection, channel: &str) -> Left {
    ok(store.close(&connection.id)).await;
    ok(store.leave(connection, &name(channel), Leaving::Lost, ASKED)).await
}

async fn confirm<S: Store>(store: &S, c: &Connection, channel: &str, user: &str) -> Departed {
    let absence = Absence { connection: c.id.clone(), user: Some(UserId::new(user)) };
    ok(store.confirm_leave(&c.app.id, &name(channel), &absence)).await
}

fn departed(user: Option<&str>, vacated: bool, subscriptions: usize) -> Departed {
    Departed { user: user.map(UserId::new), vacated, subscriptions }
}

async fn who_comes_back_was_never_gone<S: Store>(store: &S) {
    let app = app("back", Limits::default());
    let [c1, c2] = [1, 2].map(|n| connection(&app, n));
    ok(store.open(c1.clone())).await;
    ok(store.open(c2.clone())).await;
    let ada = join("presence-a", Some("ada"));
    new(&ok(store.join(&c1, &ada, ASKED)).await);
    assert_eq!(lose(store, &c1, "presence-a").await, gone(Some("ada"), 0));
    let counts = Counts { subscriptions: 0, users: 1 };
    assert_eq!(ok(store.counts(&app.id, &ada.channel)).await, counts, "the roster still has her");
    assert!(ok(store.subscribers(&app.id, &ada.channel, None)).await.ids.is_empty());
    let (occupied, presence) = new(&ok(store.join(&c2, &ada, ASKED)).await);
    assert_eq!((occupied, presence), (false, Some((false, vec!["ada".to_owned()]))));
    assert_eq!(confirm(store, &c1, "presence-a", "ada").await, departed(None, false, 1));
    bury(store, &c2).await;
}

async fn who_does_not_come_back_is_gone<S: Store>(store: &S) {
    let app = app("away", Limits::default());
    let [c1, c2] = [1, 2].map(|n| connection(&app, n));
    ok(store.open(c1.clone())).await;
    ok(store.open(c2.clone())).await;
    let [ada, bob] = ["ada", "bob"].map(|user| join("presence-a", Some(user)));
    new(&ok(store.join(&c1, &ada, ASKED)).await);
    new(&ok(store.join(&c2, &bob, ASKED)).await);
    assert_eq!(lose(store, &c1, "presence-a").await, gone(Some("ada"), 1));
    let (_, users) = (c1.clone(), ok(store.list_users(&app.id, &ada.channel)).await);
    assert_eq!(users, ["ada", "bob"].map(UserId::new));
    assert_eq!(confirm(store, &c1, "presence-a", "ada").await, departed(Some("ada"), false, 1));
    assert_eq!(confirm(store, &c1, "presence-a", "ada").await, departed(None, false, 1), "once");
    assert_eq!(lose(store, &c2, "presence-a").await, gone(Some("bob"), 0));
    assert_eq!(confirm(store, &c2, "presence-a", "bob").await, departed(Some("bob"), true, 0));
    assert_eq!(confirm(store, &c2, "presence-a", "bob").await, Departed::default());
    assert!(ok(store.list_channels(&app.id, "")).await.is_empty());
}

async fn an_old_absence_says_nothing_of_a_new_one<S: Store>(store: &S) {
    let app = app("anew", Limits::default());
    let [c1, c2] = [1, 2].map(|n| connection(&app, n));
    ok(store.open(c1.clone())).await;
    ok(store.open(c2.clone())).await;
    let ada = join("presence-a", Some("ada"));
    new(&ok(store.join(&c1, &ada, ASKED)).await);
    lose(store, &c1, "presence-a").await;
    new(&ok(store.join(&c2, &ada, ASKED)).await);
    lose(store, &c2, "presence-a").await;
    assert_eq!(confirm(store, &c1, "presence-a", "ada").await, departed(None, false, 0));
    assert_eq!(confirm(store, &c2, "presence-a", "ada").await, departed(Some("ada"), true, 0));
}

async fn a_clean_leave_ends_no_other_absence<S: Store>(store: &S) {
    let app = app("clean", Limits::default());
    let [c1, c2, c3] = [1, 2, 3].map(|n| connection(&app, n));
    for c in [&c1, &c2, &c3] {
        ok(store.open(c.clone())).await;
    }
    let [ada, bob] = ["ada", "bob"].map(|user| join("presence-a", Some(user)));
    new(&ok(store.join(&c1, &ada, ASKED)).await);
    lose(store, &c1, "presence-a").await;
    assert!(!new(&ok(store.join(&c2, &bob, ASKED)).await).0, "it was not told to be empty");
    let left = ok(store.leave(&c2, &bob.channel, Leaving::Clean, ASKED)).await;
    assert_eq!(left, gone(Some("bob"), 0));
    assert!(new(&ok(store.join(&c3, &bob, ASKED)).await).0, "it was told to be empty");
    assert_eq!(confirm(store, &c1, "presence-a", "ada").await, departed(Some("ada"), false, 1));
    bury(store, &c2).await;
    bury(store, &c3).await;
}

async fn counts_are_held_once<S: Store>(store: &S) {
    let app = app("held", Limits::default());
    let (c1, a) = (connection(&app, 1), join("a", None));
    assert!(!ok(store.hold_count(&app.id, &a.channel)).await, "nobody is there to be told");
    ok(store.open(c1.clone())).await;
    new(&ok(store.join(&c1, &a, ASKED)).await);
    assert_eq!(ok(store.release_count(&app.id, &a.channel)).await, None);
    assert!(ok(store.hold_count(&app.id, &a.channel)).await);
    assert!(!ok(store.hold_count(&app.id, &a.channel)).await);
    assert_eq!(ok(store.release_count(&app.id, &a.channel)).await, Some(1));
    assert_eq!(ok(store.release_count(&app.id, &a.channel)).await, None);
    bury(store, &c1).await;
    assert_eq!(ok(store.release_count(&app.id, &a.channel)).await, None);
}
