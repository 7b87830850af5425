//! What each verb costs, in DynamoDB's units, and that it is no more than it may.

#[path = "world/meter.rs"]
mod meter;
mod world;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use channels::{App, Connection, Joined, Leaving, Limits, SignIn};
use dynamo::DynamoStore;
use identity::User;
use protocol::limits::ROSTER_BYTES_LEAST;
use protocol::{ConnectionId, UserId};
use std::sync::Arc;
use store::conformance::idempotency::claim;
use store::conformance::rates::told;
use store::conformance::{ASKED, app, connection, join, name};
use store::{Begun, Claim, Closed, Idempotency, SharedRates, Store, Users};
use throttle::Told;

use meter::{Meter, Used};

/// Members of the large channel.
const MANY: usize = 10_000;
/// Most rows of a batch (DynamoDB: BatchWriteItem).
const BATCH: usize = 25;

struct Table {
    client: aws_sdk_dynamodb::Client,
    meter: Meter,
    store: DynamoStore,
    app: Arc<App>,
    lines: Vec<String>,
}

impl Table {
    /// Notes what was consumed since the last note, and that it is within its budget.
    fn note(&mut self, verb: &str, writes: f64, reads: f64) {
        let Used { writes: w, reads: r } = self.meter.take();
        self.lines.push(format!("{verb:<46} {w:>6} of {writes:>6} {r:>8} of {reads:>6}"));
        assert!(w <= writes && r <= reads, "{}", self.lines.join("\n"));
    }

    fn connection(&self, n: u64) -> Connection {
        // As long as API Gateway's ids.
        let id = ConnectionId::new(format!("L0SM9cOFvH{n:06}"));
        Connection { id, ..connection(&self.app, n) }
    }

    async fn join(&self, by: &Connection, channel: &str, user: Option<&str>) {
        self.store.join(by, &join(channel, user), ASKED).await.expect("an answer");
    }
}

/// An empty table, and an app with these limits.
async fn empty(limits: Limits) -> Table {
    let world::World { client, .. } = world::world().await;
    let meter = Meter::default();
    let store = world::store(meter.on(&client), || world::NOW_MS);
    let lines = vec![format!("{:<46} {:>16} {:>18}", "", "write units", "read units")];
    Table { client, meter, store, app: app("1001", limits), lines }
}

/// One member of a channel as it is stored, multiplied: 10,000 joins would only take longer.
async fn multiply(client: &aws_sdk_dynamodb::Client, partition: &str) {
    let key = |sk: &str| AttributeValue::S(sk.to_owned());
    let query = client.query().table_name("realtime").key_condition_expression("pk = :pk");
    let rows = query.expression_attribute_values(":pk", key(partition)).send().await.expect("rows");
    let rows = rows.items.unwrap_or_default();
    let member = rows.iter().find(|row| row["sk"] != key("#")).expect("a member");
    let all: Vec<_> = (1..MANY)
        .map(|n| {
            let mut row = member.clone();
            row.insert("sk".to_owned(), key(&format!("L0SM9cOFvH{:06}", 100_000 + n)));
            let put = PutRequest::builder().set_item(Some(row)).build().expect("a row");
            WriteRequest::builder().put_request(put).build()
        })
        .collect();
    for batch in all.chunks(BATCH) {
        let write = client.batch_write_item().request_items("realtime", batch.to_vec());
        write.send().await.expect("an answer");
    }
}

/// Budgets: a write unit per row and per entry of the index, a read unit per 4 KB read strongly. A subscribe reads the connection
/// and its links once, after its writes, so that it cannot be left behind by a close; a presence channel costs half a unit
/// more, for a glance at the user, and the roster.
#[tokio::test]
async fn no_verb_costs_more_than_it_may() {
    let mut table = empty(Limits::default()).await;
    sweep(&table, 0).await;
    table.note("sweep of a minute, nobody there", 0.0, 1.0);
    let [c1, c2, c3] = [1, 2, 3].map(|n| table.connection(n));
    table.store.open(c1.clone()).await.expect("an answer");
    table.note("connect", 1.0, 0.0);
    for it in [&c2, &c3] {
        table.store.open(it.clone()).await.expect("an answer");
    }
    table.meter.take();
    subscribes(&mut table, &c1, &c2, &c3).await;
    leaves(&mut table, &c1, &c2).await;
    publishes(&mut table, &c3).await;
    joins_many(&mut table).await;
    publishes_under_a_key(&mut table).await;
    rates(&mut table).await;
    println!("{}", table.lines.join("\n"));
}

async fn sweep(table: &Table, minute: u64) -> usize {
    let sweep = table.store.sweep(minute, 1_000).await.expect("an answer");
    table.store.swept(&sweep).await.expect("an answer");
    sweep.connections.len()
}

async fn subscribes(table: &mut Table, c1: &Connection, c2: &Connection, c3: &Connection) {
    table.join(c1, "news", None).await;
    table.note("subscribe, first of the channel", 4.0, 1.0);
    table.join(c2, "news", None).await;
    table.note("subscribe", 3.0, 1.0);
    table.join(c1, "private-a", None).await;
    table.note("subscribe private, first of the channel", 4.0, 1.0);
    table.join(c1, "presence-a", Some("ada")).await;
    table.note("subscribe presence, first of the channel", 5.0, 2.5);
    table.join(c2, "presence-a", Some("bob")).await;
    table.note("subscribe presence", 4.0, 2.5);
    table.join(c3, "presence-a", Some("ada")).await;
    table.note("subscribe presence, second of the user", 4.0, 2.5);
    table.store.speak(c3, &name("presence-a"), 5_000).await.expect("an answer");
    table.note("client event", 1.0, 2.0);
}

async fn leaves(table: &mut Table, c1: &Connection, c2: &Connection) {
    let (news, presence) = (name("news"), name("presence-a"));
    table.store.leave(c2, &news, Leaving::Clean, ASKED).await.expect("an answer");
    table.note("unsubscribe", 3.0, 0.0);
    table.store.leave(c2, &news, Leaving::Clean, ASKED).await.expect("an answer");
    // The member that is not there, and the mark that holds an older wish to join back.
    table.note("unsubscribe, not subscribed", 2.0, 0.0);
    table.store.leave(c1, &news, Leaving::Clean, ASKED).await.expect("an answer");
    table.note("unsubscribe, last of the channel", 4.0, 0.0);
    table.store.leave(c2, &presence, Leaving::Clean, ASKED).await.expect("an answer");
    table.note("unsubscribe presence, last of the user", 5.0, 0.0);
    // One presence channel and one that it is the last on: 3k..4k + 1p..2p + 1.
    let closed = table.store.close(&c1.id).await.expect("an answer");
    let Some(Closed { channels, .. }) = closed else { panic!("it was open") };
    assert_eq!(channels.len(), 2);
    for channel in &channels {
        table.store.leave(c1, channel, Leaving::Clean, ASKED).await.expect("an answer");
    }
    table.note("disconnect with 2 channels, 1 of presence", 9.0, 1.0);
}

async fn publishes(table: &mut Table, c3: &Connection) {
    table.join(c3, "room", None).await;
    table.meter.take();
    let app = table.app.id.clone();
    table.store.subscribers(&app, &name("room"), None).await.expect("an answer");
    table.note("publish to 1", 0.0, 1.0);
    for n in 0..100 {
        table.store.subscribers(&app, &name(&format!("c{n}")), None).await.expect("an answer");
    }
    table.note("publish to 100 channels", 0.0, 100.0);
    multiply(&table.client, "S/0/1001/room").await;
    table.meter.take();
    let all = table.store.subscribers(&app, &name("room"), None).await.expect("an answer").ids;
    assert_eq!(all.len(), MANY);
    table.note("publish to 10,000", 0.0, 150.0);
    let mut found = 0;
    for minute in 0..dynamo::TURNS + 10 {
        found += sweep(table, minute).await;
    }
    assert!(found >= MANY, "a turn that is not at its end goes on in the next minute");
    table.note("sweeps of 18 minutes, a channel of 10,000", 36.0, 120.0);
    table.store.list_channels(&app, "").await.expect("an answer");
    table.note("list of 2 channels", 0.0, 8.0);
}

/// A newcomer to a presence channel of 10,000 users costs what one to a channel of ten does, apart from the roster: of that as
/// much is read as is sent, and its count is the channel's.
async fn joins_many(table: &mut Table) {
    let client = &table.client.clone();
    let limits = Limits {
        roster_bytes: ROSTER_BYTES_LEAST,
        presence_members: 2 * MANY,
        ..Limits::default()
    };
    table.app = app("1001", limits);
    let by: Vec<_> = (20..33).map(|n| table.connection(n)).collect();
    for it in &by {
        table.store.open(it.clone()).await.expect("an answer");
    }
    for (n, it) in by[..9].iter().enumerate() {
        table.join(it, "presence-many", Some(&format!("user{n}"))).await;
    }
    table.meter.take();
    table.join(&by[9], "presence-many", Some("zoe")).await;
    table.note("subscribe presence, of 10", 4.0, 2.5);
    multiply(client, "P/1001/presence-many").await;
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let row = client.update_item().table_name("realtime").key("sk", key("#"));
    let row = row.key("pk", key("S/0/1001/presence-many")).update_expression("SET m = m + :many");
    let many = AttributeValue::N((MANY - 1).to_string());
    row.expression_attribute_values(":many", many).send().await.expect("an answer");
    table.meter.take();
    for (it, user, reads, count) in [
        (&by[10], "anna", 2.5, MANY + 10),
        (&by[11], "zoe", 3.5, MANY + 10),
        (&by[12], "L0SM9cOFvH100001", 2.5, MANY + 10),
    ] {
        let joined = table.store.join(it, &join("presence-many", Some(user)), ASKED).await;
        let Ok(Joined::New { presence: Some(presence), .. }) = joined else { panic!("it joins") };
        assert_eq!(presence.roster.count, count, "{user}");
        assert!((10..30).contains(&presence.roster.members.len()));
        assert!(presence.roster.members.iter().any(|it| it.user_id.as_str() == user));
        table.note(&format!("subscribe presence, of 10,000, {user}"), 4.0, reads);
    }
}

/// Who holds something that others miss stands in the index as well, where a sweep finds them.
#[tokio::test]
async fn to_be_found_without_a_subscription_costs_no_more_than_it_may() {
    let limits = Limits { connections: Some(2_000), ..Limits::default() };
    let mut table = empty(limits).await;
    let held = table.connection(1);
    table.store.open(held.clone()).await.expect("an answer");
    table.note("connect, app with a quota", 3.0, 0.0);
    table.store.close(&held.id).await.expect("an answer");
    table.note("disconnect, app with a quota", 3.0, 1.0);
    table.app = app("1001", Limits::default());
    let by = table.connection(2);
    table.store.open(by.clone()).await.expect("an answer");
    table.meter.take();
    let user = User { id: UserId::new("ada"), info: None, workspaces: Vec::new() };
    let sign_in = SignIn { user: user.into(), watchlist: Vec::new() };
    table.store.sign_in(&by, &sign_in, world::NOW_MS).await.expect("an answer");
    table.note("sign in", 3.0, 3.5);
    table.store.sign_in(&by, &sign_in, world::NOW_MS).await.expect("an answer");
    table.note("sign in again", 2.0, 2.5);
    table.store.close(&by.id).await.expect("an answer");
    table.note("disconnect, signed in", 4.0, 2.0);
    for n in 0..1_000 {
        let id = ConnectionId::new(format!("L0SM9cOFvH{:06}", 900_000 + n));
        table.store.open(Connection { id, ..held.clone() }).await.expect("an answer");
    }
    table.meter.take();
    let mut found = 0;
    for minute in 0..dynamo::TURNS {
        found += sweep(&table, minute).await;
    }
    assert_eq!(found, 1_000);
    table.note("sweeps of 8 minutes, 1,000 without a subscription", 0.0, 12.0);
    println!("{}", table.lines.join("\n"));
}

/// What a key adds to what it publishes.
async fn publishes_under_a_key(table: &mut Table) {
    const NOW_MS: u64 = world::NOW_MS;
    let first = claim("1001", "0b0e5d4a-8a1e-4c55-9a4e-3a0e7e0f6a11", 1, 1);
    assert_eq!(table.store.begin(&first, NOW_MS).await.expect("an answer"), Begun::Now);
    table.store.finish(&first, "{}", NOW_MS).await.expect("an answer");
    table.note("publish under a key, besides", 2.0, 0.0);
    let again = Claim { attempt: 2, ..first };
    let begun = table.store.begin(&again, NOW_MS).await.expect("an answer");
    assert_eq!(begun, Begun::Answered("{}".to_owned()));
    table.note("publish again under its key", 1.0, 0.0);
}

/// What it costs to keep a rate together with other processes, each time that there is something to tell.
async fn rates(table: &mut Table) {
    const NOW_MS: u64 = world::NOW_MS;
    let name = "u/commands/4/1001/a-user-of-an-application";
    let tell = async |table: &Table, told: &Told| {
        let heard = table.store.tell(name, told, NOW_MS).await.expect("an answer");
        heard.expect("it is shared")
    };
    let first = tell(table, &told(0)).await;
    table.note("rate, first to tell", 1.0, 0.0);
    tell(table, &told(first.whole_at_us)).await;
    table.note("rate, told again", 1.0, 0.0);
    let mut heard = tell(table, &told(0)).await;
    // What it believes of the row is not so: it asks, and writes.
    table.note("rate, first to tell in another process", 2.0, 0.0);
    while heard.counted {
        heard = tell(table, &told(heard.whole_at_us)).await;
    }
    table.meter.take();
    tell(table, &told(heard.whole_at_us)).await;
    table.note("rate, no room left", 1.0, 0.0);
}
