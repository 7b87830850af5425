//! Of two wishes about one subscription the one that was asked for later counts, whichever is handled first.

use channels::{Asked, Joined, Leaving, Left, Limits};

use super::{app, bury, connection, gone, join, name, new, ok};
use crate::{REORDERED_WITHIN_MS, Store};

pub(super) async fn run<S: Store>(store: &S) {
    a_late_join_does_not_undo_a_leave(store).await;
    a_late_leave_does_not_undo_a_join(store).await;
    a_leave_before_its_join_is_remembered(store).await;
    what_ends_with_a_connection_is_never_late(store).await;
}

fn at(ms: u64) -> Asked {
    Asked::at_ms(1_000_000 + ms)
}

async fn a_late_join_does_not_undo_a_leave<S: Store>(store: &S) {
    let app = app("late-join", Limits::default());
    let c1 = connection(&app, 1);
    ok(store.open(c1.clone())).await;
    let (ada, room) = (join("presence-a", Some("ada")), name("presence-a"));
    new(&ok(store.join(&c1, &ada, at(1))).await);
    assert_eq!(ok(store.leave(&c1, &room, Leaving::Clean, at(4))).await, gone(Some("ada"), 0));
    let late = ok(store.join(&c1, &ada, at(3))).await;
    assert!(matches!(late, Joined::Overtaken), "{late:?}");
    assert!(ok(store.subscribers(&app.id, &room, None)).await.ids.is_empty());
    assert!(ok(store.list_users(&app.id, &room)).await.is_empty());
    new(&ok(store.join(&c1, &join("a", None), at(3))).await);
    // In the same millisecond nobody can tell: who is handled last wins.
    new(&ok(store.join(&c1, &ada, at(4))).await);
    let far = at(4 + 2 * REORDERED_WITHIN_MS);
    assert_eq!(ok(store.leave(&c1, &name("a"), Leaving::Clean, far)).await, gone(None, 0));
    bury(store, &c1).await;
}

async fn a_late_leave_does_not_undo_a_join<S: Store>(store: &S) {
    let app = app("late-leave", Limits::default());
    let c1 = connection(&app, 1);
    ok(store.open(c1.clone())).await;
    let (a, room) = (join("a", None), name("a"));
    new(&ok(store.join(&c1, &a, at(1))).await);
    assert!(matches!(ok(store.join(&c1, &a, at(5))).await, Joined::Already));
    // The wish to leave at 3 was between the two.
    assert_eq!(ok(store.leave(&c1, &room, Leaving::Clean, at(3))).await, Left::Overtaken);
    // A join from before does not make the subscription older.
    assert!(matches!(ok(store.join(&c1, &a, at(2))).await, Joined::Already));
    assert_eq!(ok(store.leave(&c1, &room, Leaving::Clean, at(4))).await, Left::Overtaken);
    assert_eq!(ok(store.subscribers(&app.id, &room, None)).await.ids.to_vec(), vec![c1.id.clone()]);
    assert_eq!(ok(store.leave(&c1, &room, Leaving::Clean, at(6))).await, gone(None, 0));
    bury(store, &c1).await;
}

async fn a_leave_before_its_join_is_remembered<S: Store>(store: &S) {
    let app = app("leave-first", Limits::default());
    let [c1, c2] = [1, 2].map(|n| connection(&app, n));
    ok(store.open(c1.clone())).await;
    ok(store.open(c2.clone())).await;
    let (a, room) = (join("a", None), name("a"));
    let left = ok(store.leave(&c1, &room, Leaving::Clean, at(2))).await;
    assert_eq!(left, Left::NotSubscribed);
    // An older wish to leave does not make the newer one forgotten.
    let left = ok(store.leave(&c1, &room, Leaving::Clean, at(1))).await;
    assert_eq!(left, Left::NotSubscribed);
    assert!(matches!(ok(store.join(&c1, &a, at(1))).await, Joined::Overtaken));
    assert_eq!(new(&ok(store.join(&c2, &a, at(1))).await), (true, None), "others do as they like");
    assert_eq!(new(&ok(store.join(&c1, &a, at(3))).await), (false, None));
    bury(store, &c1).await;
    bury(store, &c2).await;
}

async fn what_ends_with_a_connection_is_never_late<S: Store>(store: &S) {
    let app = app("never-late", Limits::default());
    let c1 = connection(&app, 1);
    ok(store.open(c1.clone())).await;
    new(&ok(store.join(&c1, &join("a", None), at(9))).await);
    ok(store.close(&c1.id)).await;
    let left = ok(store.leave(&c1, &name("a"), Leaving::Clean, Asked::LAST)).await;
    assert_eq!(left, gone(None, 0));
}
