//! `cargo xtask bench publish`: posts that fall due in the same minute, through the release binary to webhooks on loopback.
//!
//! The oracle is the receiver: it counts every arrival by its `webhook-id` and answers after 400 ms, as platforms do.

mod client;
mod receiver;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::bench::machine;
use crate::bench::posts::client::Client;
use crate::bench::posts::receiver::Receiver;
use crate::bench::process::Process;
use crate::bench::server::{JWT_SECRET, Server};
use crate::run::{Trouble, built, cargo, root, succeed};

/// Accounts to publish to. Each takes one post at a time, so a burst needs many.
const ACCOUNTS: usize = 2_000;
/// Accounts of one post.
const EACH: usize = 2;
/// Posts of an ordinary minute, and of a burst.
const FEW: usize = 100;
const MANY: usize = 10_000;
/// How long until posts are due after the first one of them is created.
const AHEAD_FEW: Duration = Duration::from_secs(5);
const AHEAD_MANY: Duration = Duration::from_secs(45);
/// Longest wait for the last arrival.
const PATIENCE: Duration = Duration::from_secs(300);
/// Connections that create posts at once.
const WRITERS: usize = 8;
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// What one run came to.
struct Run {
    posts: usize,
    created: Duration,
    /// From the due time to the last answer.
    done: Duration,
    /// Of the arrivals, from the due time, in milliseconds.
    late_p50: f64,
    late_p95: f64,
    most_in_flight: usize,
    twice: usize,
    memory_before: u64,
    memory_most: u64,
    cpu: Duration,
}

/// Builds, measures, prints.
///
/// # Errors
/// When the server cannot be built or started, or posts do not arrive.
pub(crate) fn run(write: bool, posts: Option<usize>) -> Result<(), Trouble> {
    let binary = binary()?;
    let machine = machine::describe();
    let receiver = Receiver::start().map_err(|e| Trouble::of("cannot start the receiver", e))?;
    let server = Server::pushbridge(&binary)?;
    let mut token = Command::new(&binary);
    token.args(["token", "--user", "bench", "--workspace", "bench", "--ttl", "1d"]);
    token.env("JWT_SECRET", JWT_SECRET).current_dir(std::env::temp_dir());
    token.env("PUSHER_APP_ID", "1").env("PUSHER_KEY", "k").env("PUSHER_SECRET", "s");
    let token = crate::run::text_of(&mut token)
        .ok_or_else(|| Trouble("`pushbridge token` failed".into()))?;
    let client = || Client::connect(server.address, &token);
    let accounts = connect_accounts(&mut client()?, &receiver)?;
    eprintln!("{ACCOUNTS} accounts are connected");
    let mut runs = Vec::new();
    for (posts, ahead) in [(FEW, AHEAD_FEW), (posts.unwrap_or(MANY), AHEAD_MANY)] {
        let done = measure(&client, &receiver, &accounts, posts, ahead, server.process)?;
        eprintln!(
            "{posts} posts: all answered {:.1} s after they were due",
            done.done.as_secs_f64()
        );
        runs.push(done);
    }
    server.stop();
    let text = report(&runs, &machine);
    println!("{text}");
    if write {
        let path = root().join("docs/benchmarks-publishing.md");
        std::fs::write(&path, &text).map_err(|e| Trouble::of("cannot write the table", e))?;
    }
    Ok(())
}

/// The release binary; or the one that `PUSHBRIDGE_BIN` names, to compare processor time without an optimized build.
fn binary() -> Result<PathBuf, Trouble> {
    if let Some(binary) = std::env::var_os("PUSHBRIDGE_BIN") {
        return Ok(binary.into());
    }
    succeed(cargo().args(["build", "--release", "--package", "pushbridge"]))?;
    built("release", "pushbridge")
}

fn connect_accounts(client: &mut Client, receiver: &Receiver) -> Result<Vec<String>, Trouble> {
    let mut ids = Vec::with_capacity(ACCOUNTS);
    for n in 0..ACCOUNTS {
        let body = json!({
            "platform": "webhook",
            "name": format!("account {n}"),
            "url": format!("http://{}/{n}", receiver.address),
            "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        });
        let answer = client.post("/api/accounts", &body)?;
        ids.push(answer["id"].as_str().unwrap_or_default().to_owned());
    }
    Ok(ids)
}

fn measure(
    client: &(impl Fn() -> Result<Client, Trouble> + Sync),
    receiver: &Receiver,
    accounts: &[String],
    posts: usize,
    ahead: Duration,
    process: Process,
) -> Result<Run, Trouble> {
    let (memory_before, cpu_before) = looked_at(process)?;
    receiver.forget();
    let began = Instant::now();
    let due = since_1970() + ahead;
    create(client, accounts, posts, due)?;
    let created = began.elapsed();
    let (memory_created, _) = looked_at(process)?;
    let mut memory_most = memory_before.max(memory_created);
    let wanted = posts * EACH;
    while receiver.answered() < wanted {
        if began.elapsed() > ahead + PATIENCE {
            let answered = receiver.answered();
            return Err(Trouble(format!("only {answered} of {wanted} deliveries arrived")));
        }
        std::thread::sleep(LOOK);
        memory_most = memory_most.max(looked_at(process)?.0);
    }
    let (_, cpu_after) = looked_at(process)?;
    let seen = receiver.seen(due);
    Ok(Run {
        posts,
        created,
        done: seen.last_answer,
        late_p50: seen.late.quantile_ms(50),
        late_p95: seen.late.quantile_ms(95),
        most_in_flight: seen.most_in_flight,
        twice: seen.twice,
        memory_before,
        memory_most,
        cpu: Duration::from_nanos(cpu_after.saturating_sub(cpu_before)),
    })
}

/// Creates posts over several connections, each to the next two accounts.
fn create(
    client: &(impl Fn() -> Result<Client, Trouble> + Sync),
    accounts: &[String],
    posts: usize,
    due: Duration,
) -> Result<(), Trouble> {
    let due = u64::try_from(due.as_millis()).unwrap_or(u64::MAX);
    let write = |writer: usize| -> Result<(), Trouble> {
        let mut client = client()?;
        for n in (writer..posts).step_by(WRITERS) {
            let to: Vec<&String> =
                (0..EACH).map(|k| &accounts[(n * EACH + k) % accounts.len()]).collect();
            let text = format!("Post number {n}");
            client.post(
                "/api/posts",
                &json!({ "text": text, "accounts": to, "scheduled_at": due }),
            )?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let write = &write;
        let writers: Vec<_> = (0..WRITERS).map(|n| scope.spawn(move || write(n))).collect();
        writers.into_iter().try_for_each(|writer| {
            writer.join().unwrap_or_else(|_| Err(Trouble("a writer panicked".into())))
        })
    })
}

fn looked_at(process: Process) -> Result<(u64, u64), Trouble> {
    let gone = |e| Trouble::of("the server is gone", e);
    Ok((process.resident_bytes().map_err(gone)?, process.cpu_ns().map_err(gone)?))
}

pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn report(runs: &[Run], machine: &str) -> String {
    let mut page = String::from(HEAD);
    let _ = writeln!(page, "{machine}\n\n| | {} |", names(runs));
    let _ = writeln!(page, "|---|{}", "---|".repeat(runs.len()));
    let mut line = |name: &str, of: &dyn Fn(&Run) -> String| {
        let cells: Vec<_> = runs.iter().map(of).collect();
        let _ = writeln!(page, "| {name} | {} |", cells.join(" | "));
    };
    line("all answered after (s)", &|run| format!("{:.1}", run.done.as_secs_f64()));
    line("lateness at the receiver, p50 (ms)", &|run| format!("{:.0}", run.late_p50));
    line("lateness at the receiver, p95 (ms)", &|run| format!("{:.0}", run.late_p95));
    line("most in flight", &|run| run.most_in_flight.to_string());
    line("arrived twice", &|run| run.twice.to_string());
    line("memory before (MiB)", &|run| format!("{:.0}", mib(run.memory_before)));
    line("memory, most (MiB)", &|run| format!("{:.0}", mib(run.memory_most)));
    line("processor time per delivery (ms)", &|run| {
        format!("{:.2}", run.cpu.as_secs_f64() * 1e3 / (run.posts * EACH) as f64)
    });
    line("posts created per second", &|run| {
        format!("{:.0}", run.posts as f64 / run.created.as_secs_f64())
    });
    page.push_str(FOOT);
    page
}

fn names(runs: &[Run]) -> String {
    let names: Vec<_> = runs.iter().map(|run| format!("{} posts × {EACH}", run.posts)).collect();
    names.join(" | ")
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

const HEAD: &str = "# Publishing, measured

Made by `cargo xtask bench publish --write`. The release binary on an empty data directory; posts created over its API,
all due at the same instant, each to 2 of 2,000 webhook accounts. The receiver answers every call after 400 ms. Server,
receiver and load share one machine.

";

const FOOT: &str = "
- **all answered after**: from the due time to the last answer of the receiver. Wanted: 60 s for 10,000 posts.
- **lateness**: from the due time to an arrival at the receiver, which is later than the moment the delivery is armed.
  Wanted: p95 of 2 s for 100 posts. The ticker looks once a second.
- **in flight**: calls that the receiver holds at once; the server allows itself 256.
- **arrived twice**: calls beyond the first with the same `webhook-id`. Wanted: 0.
- **processor time** is that of the whole server, creation of the posts included.
- An account takes one post at a time, so 10 posts for one account take at least 4 s.

## DynamoDB's units

Of a post of 280 characters to two accounts, as the engine counts them with the indexes (`cargo test -p data --test capacity --
--nocapture` prints it). \"Among several processes\" is the recipe on AWS, without the reads of the due index: 16 queries a tick,
half a unit each while nothing is due, and once more when something is.

| | on one machine: write, read | among several processes: write, read |
|---|---|---|
| create | 3, 2 | 3, 2 |
| claim, with both deliveries, in a transaction | 11, 1 | 11, 1 |
| payloads, apart from the arming | 2, 0 | |
| deliver to both accounts | 6, 8 | 22, 10 |
| finish: the roll-up, then out of the due index | 6, 0 | 6, 0 |
| together | 28, 11 | 42, 13 |
";
