//! Publications that may be sent again.

use protocol::AppId;

use super::ok;
use crate::Store;
use crate::idempotency::{ANSWER_KEPT_MS, Begun, Claim, WORK_MS};

const T0: u64 = 1_700_000_000_000;

pub(super) async fn run<S: Store>(store: &S) {
    an_answer_is_given_again_for_a_while(store).await;
    a_work_that_was_given_up_can_be_begun_at_once(store).await;
    a_work_that_nobody_ended_can_be_begun_after_a_while(store).await;
    keys_of_apps_do_not_meet(store).await;
}

/// A publication of an app under a key, which says `says`.
pub fn claim(app: &str, key: &str, says: u8, attempt: u64) -> Claim {
    Claim { app: AppId::new(app), key: key.to_owned(), digest: [says; 32], attempt }
}

async fn an_answer_is_given_again_for_a_while<S: Store>(store: &S) {
    let (first, again) = (claim("i", "k", 1, 1), claim("i", "k", 1, 2));
    assert_eq!(ok(store.begin(&first, T0)).await, Begun::Now);
    assert_eq!(ok(store.begin(&again, T0)).await, Begun::UnderWay);
    assert_eq!(ok(store.begin(&first, T0)).await, Begun::Now, "the same attempt, told twice");
    ok(store.finish(&first, "{\"n\":1}", T0 + 5)).await;
    let answered = Begun::Answered("{\"n\":1}".to_owned());
    let last = T0 + 5 + ANSWER_KEPT_MS - 1;
    assert_eq!(ok(store.begin(&again, last)).await, answered);
    assert_eq!(ok(store.begin(&claim("i", "k", 2, 3), last)).await, Begun::OtherRequest);
    assert_eq!(ok(store.begin(&claim("i", "l", 1, 4), last)).await, Begun::Now, "another key");
    ok(store.give_up(&again)).await;
    assert_eq!(ok(store.begin(&again, last)).await, answered, "what was done stays done");
    assert_eq!(ok(store.begin(&again, last + 1)).await, Begun::Now, "it is forgotten");
    ok(store.give_up(&again)).await;
}

async fn a_work_that_was_given_up_can_be_begun_at_once<S: Store>(store: &S) {
    let (first, again) = (claim("i", "g", 1, 1), claim("i", "g", 1, 2));
    assert_eq!(ok(store.begin(&first, T0)).await, Begun::Now);
    ok(store.give_up(&again)).await;
    assert_eq!(ok(store.begin(&again, T0)).await, Begun::UnderWay, "nobody else can give it up");
    ok(store.give_up(&first)).await;
    assert_eq!(ok(store.begin(&again, T0)).await, Begun::Now);
    ok(store.give_up(&again)).await;
}

async fn a_work_that_nobody_ended_can_be_begun_after_a_while<S: Store>(store: &S) {
    let (lost, again) = (claim("i", "w", 1, 1), claim("i", "w", 1, 2));
    assert_eq!(ok(store.begin(&lost, T0)).await, Begun::Now);
    assert_eq!(ok(store.begin(&again, T0 + WORK_MS - 1)).await, Begun::UnderWay);
    assert_eq!(ok(store.begin(&again, T0 + WORK_MS)).await, Begun::Now);
    // Whoever was thought lost changes nothing any more.
    ok(store.finish(&lost, "late", T0 + WORK_MS)).await;
    ok(store.give_up(&lost)).await;
    assert_eq!(ok(store.begin(&lost, T0 + WORK_MS)).await, Begun::UnderWay);
    ok(store.finish(&again, "{}", T0 + WORK_MS)).await;
    assert_eq!(ok(store.begin(&lost, T0 + WORK_MS)).await, Begun::Answered("{}".to_owned()));
}

async fn keys_of_apps_do_not_meet<S: Store>(store: &S) {
    // Ids and keys may have any character.
    for (app, key) in [("1", "2/k"), ("1/2", "k"), ("2", "2/k")] {
        let it = claim(app, key, 1, 1);
        assert_eq!(ok(store.begin(&it, T0)).await, Begun::Now, "{app} {key}");
        ok(store.finish(&it, "{}", T0)).await;
    }
}
