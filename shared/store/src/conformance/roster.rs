//! Rosters that are larger than their frame.

use std::sync::Arc;

use channels::{Join, Joined, Limits};
use protocol::{Member, Roster, UserId};
use serde_json::value::RawValue;

use super::{ASKED, app, bury, connection, name, ok};
use crate::Store;

const CHANNEL: &str = "presence-large";
const USERS: u64 = 24;

pub(super) async fn run<S: Store>(store: &S) {
    for bytes in [1, 256, 100_000] {
        a_part_comes_with_the_whole_count_and_the_newcomer(store, bytes).await;
    }
}

fn join(user: &str, info: &str) -> Join {
    let Ok(info) = RawValue::from_string(info.to_owned()) else { panic!("{info} is no JSON") };
    let member = Member { user_id: UserId::new(user), user_info: Some(Arc::from(info)) };
    Join { channel: name(CHANNEL), member: Some(member) }
}

fn roster(joined: Joined) -> Roster {
    let Joined::New { presence: Some(presence), .. } = joined else { panic!("{joined:?}") };
    presence.roster
}

async fn a_part_comes_with_the_whole_count_and_the_newcomer<S: Store>(store: &S, bytes: usize) {
    let limits = Limits { roster_bytes: bytes, ..Limits::default() };
    let app = app(&format!("roster-{bytes}"), limits);
    let all: Vec<_> = (0..USERS + 3).map(|n| connection(&app, n)).collect();
    for it in &all {
        ok(store.open(it.clone())).await;
    }
    let (many, few) = all.split_at(all.len() - 3);
    for (n, it) in many.iter().enumerate() {
        // Some are large and some are small.
        let info = format!("\"{}\"", "x".repeat(n % 7 * 20));
        ok(store.join(it, &join(&format!("m{n:02}"), &info), ASKED)).await;
    }
    let count = many.len() + 1;
    // A newcomer, another tab of it, which announces other things, and another one of somebody who is among the first.
    for (it, user, shown) in [(&few[0], "z", "1"), (&few[1], "z", "1"), (&few[2], "m00", "\"\"")] {
        let info = if it.id == few[0].id { "1" } else { "2" };
        let roster = roster(ok(store.join(it, &join(user, info), ASKED)).await);
        assert_eq!(roster.count, count, "{user} of {bytes}");
        let own = roster.members.iter().filter(|it| it.user_id.as_str() == user);
        let own: Vec<_> = own.map(|it| it.user_info.as_ref().map(|raw| raw.get())).collect();
        assert_eq!(own, [Some(shown)], "once, and as announced first");
        let taken: usize = roster.members.iter().map(Member::bytes).sum();
        assert!(taken <= bytes || roster.members.len() == 1, "{taken} of {bytes}");
        let others = roster.members.iter().filter(|it| it.user_id.as_str() != user);
        let all = (0..USERS).map(|n| format!("m{n:02}")).chain(["z".to_owned()]);
        let first = all.filter(|it| it != user);
        assert!(first.zip(others).all(|(id, it)| it.user_id.as_str() == id), "the first ones");
        let whole = bytes == 100_000;
        assert_eq!(roster.members.len() == count, whole, "{user} of {bytes}");
        // The next one would not have fitted.
        assert!(whole || taken + 200 > bytes, "{taken} of {bytes}");
    }
    for it in &all {
        bury(store, it).await;
    }
}
