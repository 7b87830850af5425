//! What joining a presence channel costs, by how many are there: the verbs on the memory store, with nobody at the
//! other end. Over sockets the telling of thousands would hide it.

use std::fmt::Write;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use auth::{KeyPair, sign_channel};
use channels::usage::Rates;
use channels::{App, Apps, Asked, Hook, Job, Limits};
use identity::{Facts, PostFacts};
use protocol::limits::ROSTER_BYTES_LEAST;
use protocol::{AppId, ConnectionId, Fault, Frame, SocketId};
use service::{Arrival, Credential, Delivery, Outbox, Service};
use store::MemoryStore;

use super::dialect::{APP_ID, KEY, SECRET};
use super::stats::Sample;
use crate::run::Trouble;

/// Members of the channel when the joins are measured.
const MEMBERS: [u64; 4] = [10, 100, 1_000, 10_000];
/// Joins of each kind that are measured.
const JOINS: u64 = 500;
const CHANNEL: &str = "presence-bench";
const NOW_MS: u64 = 1_000_000;

/// What joins cost at one size.
pub(crate) struct Joins {
    members: u64,
    another_tab: Sample,
    new_member: Sample,
}

/// Measures all sizes.
///
/// # Errors
/// When a join is refused: then the benchmark itself is wrong.
pub(crate) fn measure() -> Result<Vec<Joins>, Trouble> {
    MEMBERS.into_iter().map(joins).collect()
}

/// The section of the page.
pub(crate) fn section(all: &[Joins]) -> String {
    let mut page = String::from(
        "\n## Joining a presence channel\n\n| members there | another tab of a member, median (µs) | a new member, median (µs) | of that, per member told (ns) |\n|---|---|---|---|\n",
    );
    for joins in all {
        let [tab, new] = [&joins.another_tab, &joins.new_member].map(|it| it.quantile_ms(50) * 1e3);
        let each = (new - tab).max(0.0) * 1e3 / joins.members as f64;
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| {} | {tab:.1} | {new:.1} | {each:.0} |", joins.members);
    }
    page.push_str(
        "\nThe verbs alone, on the memory store, with frames thrown away and rosters cut at 1 KiB: what a size costs besides the\nroster that is sent. A new member is told to all others; another tab of a member is told to nobody.\n",
    );
    page
}

fn joins(members: u64) -> Result<Joins, Trouble> {
    let limits = Limits {
        presence_members: usize::MAX,
        roster_bytes: ROSTER_BYTES_LEAST,
        connections_per_user: None,
        per_user: Rates::default(),
        ..Limits::default()
    };
    let keys = vec![KeyPair::new(KEY, SECRET)];
    let app = App { limits, ..App::new(AppId::new(APP_ID), keys) };
    let apps = Apps::new(vec![app]).map_err(|e| Trouble::of("the app of the benchmark", e))?;
    let hall = Hall(Service::new(apps, MemoryStore::new(), Nobody, Nothing));
    for member in 0..members {
        hall.join(member, member)?;
    }
    let mut joins =
        Joins { members, another_tab: Sample::default(), new_member: Sample::default() };
    // Who leaves at once keeps the size. One kind after the other: a list of receivers that telling made is not paid by tabs.
    let (tab, newcomer) = (members, members + 1);
    for number in 0..JOINS {
        joins.another_tab.push(hall.join(tab, number % members)?);
        hall.leave(tab);
    }
    for _ in 0..JOINS {
        joins.new_member.push(hall.join(newcomer, newcomer)?);
        hall.leave(newcomer);
    }
    Ok(joins)
}

struct Hall(Service<MemoryStore, Nobody, Nothing>);

impl Hall {
    /// Connects, and takes the time of the subscription.
    fn join(&self, connection: u64, user: u64) -> Result<Duration, Trouble> {
        let id = ConnectionId::new(connection.to_string());
        let socket_id = SocketId::from_random(connection, connection);
        let arrival = Arrival {
            id: id.clone(),
            socket_id,
            key: KEY,
            protocol: Some("7"),
            origin: None,
            from: None,
            now_ms: NOW_MS,
            credential: Credential::None,
        };
        at_once(self.0.connect(arrival)).map_err(|e| Trouble(e.message))?;
        let data = format!(r#"{{"user_id":"{user}","user_info":{{"name":"Member {user}"}}}}"#);
        let auth = sign_channel(&KeyPair::new(KEY, SECRET), socket_id, CHANNEL, Some(&data));
        let ask = serde_json::json!({ "channel": CHANNEL, "auth": auth, "channel_data": data });
        let text = serde_json::json!({ "event": "pusher:subscribe", "data": ask }).to_string();
        let began = Instant::now();
        at_once(self.0.message(&id, &text, Asked::FIRST, NOW_MS));
        Ok(began.elapsed())
    }

    fn leave(&self, connection: u64) {
        let id = ConnectionId::new(connection.to_string());
        let text =
            serde_json::json!({ "event": "pusher:unsubscribe", "data": { "channel": CHANNEL } });
        at_once(self.0.message(&id, &text.to_string(), Asked::FIRST, NOW_MS));
    }
}

/// Nothing here waits for anything.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}

struct Nobody;

impl Outbox for Nobody {
    async fn send(&self, _: &ConnectionId, _: &Frame) -> Delivery {
        Delivery::Sent
    }

    async fn broadcast(
        &self,
        to: &[ConnectionId],
        _: Option<&ConnectionId>,
        _: &Frame,
    ) -> Vec<ConnectionId> {
        std::hint::black_box(to);
        Vec::new()
    }

    async fn close(&self, _: &ConnectionId, _: &Fault) {}

    async fn hook(&self, _: &AppId, _: Hook) {}

    async fn later(&self, _: Duration, _: Job) {}
}

struct Nothing;

impl Facts for Nothing {
    async fn post(&self, _: &str) -> Option<PostFacts> {
        None
    }
}
