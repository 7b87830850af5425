//! Who is signed in, and who watches whom.

use std::sync::Arc;

use channels::{Connection, Limits, SignIn, SignedIn};
use identity::User;
use protocol::limits::DENIED_S;
use protocol::{ConnectionId, UserId};

use super::{ASKED, app, bury, connection, join, ok};
use crate::Store;

const T0: u64 = 1_700_000_000_000;

pub(super) async fn run<S: Store>(store: &S) {
    a_connection_is_one_users(store).await;
    a_token_is_signed_in_too(store).await;
    watchers_hear_of_the_first_and_the_last(store).await;
    who_comes_back_in_time_was_never_offline(store).await;
    a_watchlist_is_replaced(store).await;
    terminated_users_stay_out_for_a_while(store).await;
    who_is_turned_away_was_not_back(store).await;
    authorized_are_the_signed_in_and_the_gated(store).await;
    users_of_apps_do_not_meet(store).await;
    the_quota_of_a_user_is_exact(store).await;
}

fn user(id: &str, watchlist: &[&str]) -> SignIn {
    let user = User { id: UserId::new(id), info: None, workspaces: Vec::new() };
    let watchlist = watchlist.iter().copied().map(UserId::new).collect();
    SignIn { user: Arc::new(user), watchlist }
}

fn yes(tell: &[&Connection], online: &[&str]) -> SignedIn {
    SignedIn::Yes {
        tell: tell.iter().map(|it| it.id.clone()).collect(),
        online: online.iter().copied().map(UserId::new).collect(),
    }
}

async fn sign_in<S: Store>(store: &S, by: &Connection, sign_in: &SignIn) -> SignedIn {
    ok(store.sign_in(by, sign_in, T0)).await
}

/// Opens connections of an app of this name.
async fn open<S: Store, const N: usize>(store: &S, name: &str) -> [Connection; N] {
    let app = app(name, Limits::default());
    let all = std::array::from_fn(|n| connection(&app, n as u64));
    for it in &all {
        ok(store.open(it.clone())).await;
    }
    all
}

/// The user that somebody is to be told of, should they stay away.
async fn close<S: Store>(store: &S, connection: &Connection) -> Option<UserId> {
    ok(store.close(&connection.id)).await.and_then(|closed| closed.user)
}

async fn went<S: Store>(store: &S, user: &str, lost: &Connection) -> Vec<ConnectionId> {
    ok(store.confirm_offline(&lost.app.id, &UserId::new(user), &lost.id)).await
}

async fn a_connection_is_one_users<S: Store>(store: &S) {
    let [c1] = open(store, "one-user").await;
    assert_eq!(sign_in(store, &c1, &user("ada", &[])).await, yes(&[], &[]));
    let known = ok(store.connection(&c1.id)).await.and_then(|it| it.user.clone());
    assert_eq!(known.map(|it| it.id.clone()), Some(UserId::new("ada")));
    assert_eq!(sign_in(store, &c1, &user("ada", &[])).await, yes(&[], &[]), "again");
    assert_eq!(sign_in(store, &c1, &user("bob", &[])).await, SignedIn::OtherUser);
    assert_eq!(close(store, &c1).await, None, "nobody watches");
    assert_eq!(sign_in(store, &c1, &user("ada", &[])).await, SignedIn::Gone);
}

async fn a_token_is_signed_in_too<S: Store>(store: &S) {
    let app = app("token", Limits::default());
    let ada = user("ada", &[]);
    let c1 = Connection { user: Some(Arc::clone(&ada.user)), ..connection(&app, 1) };
    ok(store.open(c1.clone())).await;
    assert_eq!(sign_in(store, &c1, &user("bob", &[])).await, SignedIn::OtherUser);
    assert_eq!(sign_in(store, &c1, &ada).await, yes(&[], &[]));
    let all = ok(store.terminate(&app.id, &ada.user.id, T0)).await;
    assert_eq!(all, std::slice::from_ref(&c1.id));
    bury(store, &c1).await;
}

async fn watchers_hear_of_the_first_and_the_last<S: Store>(store: &S) {
    let [w, a1, a2] = open(store, "watch").await;
    let watching = user("wes", &["ada", "bob", "wes"]);
    assert_eq!(sign_in(store, &w, &watching).await, yes(&[], &["wes"]));
    assert_eq!(sign_in(store, &a1, &user("ada", &[])).await, yes(&[&w], &[]));
    assert_eq!(sign_in(store, &a2, &user("ada", &[])).await, yes(&[], &[]), "no news");
    assert_eq!(sign_in(store, &w, &watching).await, yes(&[], &["ada", "wes"]));
    assert_eq!(close(store, &a1).await, None, "not the last");
    assert_eq!(close(store, &a2).await, Some(UserId::new("ada")));
    assert!(went(store, "ada", &a1).await.is_empty(), "another absence");
    assert_eq!(went(store, "ada", &a2).await, std::slice::from_ref(&w.id));
    assert!(went(store, "ada", &a2).await.is_empty(), "once");
    assert_eq!(sign_in(store, &w, &watching).await, yes(&[], &["wes"]));
    assert_eq!(close(store, &w).await, None, "its own watch ends with it");
}

async fn who_comes_back_in_time_was_never_offline<S: Store>(store: &S) {
    let [w, a1, a2, late] = open(store, "watch-back").await;
    sign_in(store, &w, &user("wes", &["ada"])).await;
    sign_in(store, &a1, &user("ada", &[])).await;
    assert_eq!(close(store, &a1).await, Some(UserId::new("ada")));
    let picture = sign_in(store, &late, &user("lea", &["ada"])).await;
    assert_eq!(picture, yes(&[], &["ada"]), "she is waited for");
    assert_eq!(sign_in(store, &a2, &user("ada", &[])).await, yes(&[], &[]), "no news");
    assert!(went(store, "ada", &a1).await.is_empty());
    for it in [&w, &a2, &late] {
        close(store, it).await;
    }
    went(store, "ada", &a2).await;
}

async fn a_watchlist_is_replaced<S: Store>(store: &S) {
    let [w, a, b] = open(store, "watch-anew").await;
    sign_in(store, &w, &user("wes", &["ada"])).await;
    sign_in(store, &w, &user("wes", &["bob"])).await;
    assert_eq!(sign_in(store, &a, &user("ada", &[])).await, yes(&[], &[]));
    assert_eq!(sign_in(store, &b, &user("bob", &[])).await, yes(&[&w], &[]));
    for it in [&w, &a, &b] {
        assert_eq!(close(store, it).await, None);
    }
}

async fn terminated_users_stay_out_for_a_while<S: Store>(store: &S) {
    let [a1, a2, b] = open(store, "terminate").await;
    let (ada, bob) = (user("ada", &[]), user("bob", &[]));
    sign_in(store, &a1, &ada).await;
    sign_in(store, &b, &bob).await;
    let of_ada = ok(store.terminate(&b.app.id, &ada.user.id, T0)).await;
    assert_eq!(of_ada, std::slice::from_ref(&a1.id));
    assert_eq!(sign_in(store, &a2, &ada).await, SignedIn::Denied);
    let end = T0 + DENIED_S * 1_000;
    assert_eq!(ok(store.sign_in(&a2, &ada, end - 1)).await, SignedIn::Denied);
    assert_eq!(ok(store.sign_in(&a2, &ada, end)).await, yes(&[], &[]));
    assert!(ok(store.terminate(&b.app.id, &UserId::new("cy"), T0)).await.is_empty());
    for it in [&a1, &a2, &b] {
        close(store, it).await;
    }
}

async fn who_is_turned_away_was_not_back<S: Store>(store: &S) {
    let [w, a1, a2] = open(store, "denied-away").await;
    let ada = user("ada", &[]);
    sign_in(store, &w, &user("wes", &["ada"])).await;
    sign_in(store, &a1, &ada).await;
    ok(store.terminate(&w.app.id, &ada.user.id, T0)).await;
    assert_eq!(close(store, &a1).await, Some(UserId::new("ada")));
    assert_eq!(sign_in(store, &a2, &ada).await, SignedIn::Denied);
    assert_eq!(close(store, &a2).await, None, "it was nobody's");
    assert_eq!(went(store, "ada", &a1).await, std::slice::from_ref(&w.id), "still away");
    close(store, &w).await;
}

async fn authorized_are_the_signed_in_and_the_gated<S: Store>(store: &S) {
    let [open, gated, member, signed_in] = open(store, "authorized").await;
    ok(store.join(&open, &join("a", None), ASKED)).await;
    ok(store.join(&gated, &join("private-a", None), ASKED)).await;
    ok(store.join(&member, &join("presence-a", Some("ada")), ASKED)).await;
    sign_in(store, &signed_in, &user("ada", &[])).await;
    for (connection, expected) in
        [(&open, false), (&gated, true), (&member, true), (&signed_in, true)]
    {
        assert_eq!(ok(store.is_authorized(&connection.id)).await, expected, "{connection:?}");
        bury(store, connection).await;
        assert!(!ok(store.is_authorized(&connection.id)).await);
    }
}

async fn users_of_apps_do_not_meet<S: Store>(store: &S) {
    let [w] = open(store, "users-1").await;
    let [a] = open(store, "users-2").await;
    let ada = user("ada", &[]);
    sign_in(store, &w, &user("wes", &["ada"])).await;
    assert_eq!(sign_in(store, &a, &ada).await, yes(&[], &[]));
    assert!(ok(store.terminate(&w.app.id, &ada.user.id, T0)).await.is_empty());
    assert_eq!(sign_in(store, &a, &ada).await, yes(&[], &[]), "not denied here");
    close(store, &w).await;
    close(store, &a).await;
}

async fn the_quota_of_a_user_is_exact<S: Store>(store: &S) {
    let app = app("user-quota", Limits { connections_per_user: Some(2), ..Limits::default() });
    let all = [1, 2, 3, 4].map(|n| connection(&app, n));
    for it in &all {
        ok(store.open(it.clone())).await;
    }
    let (ada, bob) = (user("ada", &[]), user("bob", &[]));
    for it in &all[..2] {
        assert_eq!(sign_in(store, it, &ada).await, yes(&[], &[]));
    }
    assert_eq!(sign_in(store, &all[1], &ada).await, yes(&[], &[]), "again is not one more");
    assert_eq!(sign_in(store, &all[2], &ada).await, SignedIn::OverQuota);
    assert!(ok(store.connection(&all[2].id)).await.is_some_and(|it| it.user.is_none()));
    assert_eq!(sign_in(store, &all[3], &bob).await, yes(&[], &[]));
    bury(store, &all[0]).await;
    assert_eq!(sign_in(store, &all[2], &ada).await, yes(&[], &[]), "a place became free");
    for it in &all[1..] {
        bury(store, it).await;
    }
}
