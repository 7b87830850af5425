//! `cargo xtask bench fanout`: posts to `@connections` from one core, beside the usual Node.js way, and the cold start
//! and size of each function.
//!
//! The gateway is a sink in a process's other thread that answers every post after 10 ms, without TLS.

mod cold;
mod node;
mod sink;

use std::fmt::Write;
use std::time::{Duration, Instant};

use aws::{Account, Aws, Connections, Payload};

use self::sink::Sink;
use super::machine;
use super::process::this_thread_ns;
use crate::run::{Trouble, root};

/// Posts of one run.
const POSTS: usize = 60_000;
/// Receivers of one broadcast: a slice of a large fan-out.
const SLICE: usize = 2_000;
/// A frame as applications send them.
const FRAME_BYTES: usize = 500;
/// How long frames are offered. The sink takes each at once.
const OFFERED: Duration = Duration::from_secs(4);
/// Runs, of which the median is shown.
const RUNS: usize = 3;

/// What a run came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Posts per second.
    per_second: f64,
    /// Processor time of one post, in microseconds.
    cpu_us: f64,
}

/// Measures and prints.
///
/// # Errors
/// When something cannot be built, started or measured.
pub(crate) fn run(write: bool, quick: bool) -> Result<(), Trouble> {
    let posts = if quick { POSTS / 5 } else { POSTS };
    let sink = Sink::start().map_err(|e| Trouble::of("the sink", e))?;
    let ours = median(RUNS, || ours(&sink, posts))?;
    let peer = median(RUNS, || node::run(&sink, posts.min(20_000)))?;
    let functions = cold::measure(if quick { 3 } else { 11 })?;
    let text = report(ours, peer, &functions);
    println!("{text}");
    if write {
        std::fs::write(root().join("docs/benchmarks-aws.md"), &text)
            .map_err(|e| Trouble::of("cannot write docs/benchmarks-aws.md", e))?;
    }
    Ok(())
}

fn median(runs: usize, measure: impl Fn() -> Result<Rate, Trouble>) -> Result<Rate, Trouble> {
    let mut rates = (0..runs).map(|_| measure()).collect::<Result<Vec<_>, _>>()?;
    rates.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    Ok(rates[runs / 2])
}

/// Our fan-out on one thread, as a function with one core has it.
fn ours(sink: &Sink, posts: usize) -> Result<Rate, Trouble> {
    let get = |name: &str| match name {
        "AWS_REGION" => Some("eu-central-1"),
        "AWS_SESSION_TOKEN" => Some(TOKEN),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_LAMBDA_FUNCTION_NAME" => Some("bench"),
        _ => None,
    };
    let account = Account::read(get).map_err(|e| Trouble::of("the account", e))?;
    let aws = Aws::new(account).map_err(|e| Trouble::of("the client", e))?;
    let connections = Connections::new(&aws, &sink.url());
    let connections = connections.map_err(|e| Trouble::of("the client", e))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Trouble::of("the runtime", e))?;
    let ids: Vec<String> = (0..SLICE).map(|n| format!("L0SM9cOF{n:06}A=")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let payload = Payload::new("x".repeat(FRAME_BYTES).into());
    let soon = || tokio::time::Instant::now() + OFFERED;
    runtime.block_on(async {
        // Opens the connections: an environment that was used before has them.
        connections.fan_out(&ids, &payload, soon()).await;
        let cpu = this_thread_ns().map_err(|e| Trouble::of("the processor time", e))?;
        let began = Instant::now();
        let mut delivered = 0;
        while delivered < posts {
            let report = connections.fan_out(&ids, &payload, soon()).await;
            if report.failed > 0 {
                return Err(Trouble(format!("{} posts failed", report.failed)));
            }
            delivered += report.delivered;
        }
        let (time, after) = (began.elapsed().as_secs_f64(), this_thread_ns());
        let cpu = after.map_err(|e| Trouble::of("the processor time", e))? - cpu;
        let count = delivered as f64;
        Ok(Rate { per_second: count / time, cpu_us: cpu as f64 / 1_000.0 / count })
    })
}

/// As long as the session tokens of functions are; it is signed with every post.
pub(crate) const TOKEN: &str = include_str!("fanout/token.txt");

fn report(ours: Rate, peer: Rate, functions: &[cold::Cold]) -> String {
    let mut text = format!(
        "# On AWS, measured\n\nMade by `cargo xtask bench fanout --write`. The gateway is a sink on loopback that answers every post \
         after 10 ms, without TLS; it has a core of its own, as\nfar as the machine has one. What AWS itself adds is not measured here.\n\n{}\n\
         ## Fan-out\n\nA frame of {FRAME_BYTES} bytes to slices of {SLICE} connections, signed with a session token, from one thread.\n\n\
         | | Pushbridge | Node.js, `@aws-sdk/client-apigatewaymanagementapi` with `Promise.all` |\n|---|---|---|\n",
        machine::describe_without_packages()
    );
    // Writing to a String cannot fail.
    let _ =
        writeln!(text, "| posts per second | {:.0} | {:.0} |", ours.per_second, peer.per_second);
    let _ = writeln!(
        text,
        "| processor time per post (µs) | {:.1} | {:.1} |",
        ours.cpu_us, peer.cpu_us
    );
    text.push_str(
        "\nWanted: 12,000 posts per second and 25 µs. Both sign each post and keep connections open; Node's agent may open as many as ours.\n\n\
         ## Functions\n\nFrom `exec` to the first poll of the Runtime API, with DynamoDB and the gateway answering on loopback without TLS.\n\n\
         | function | cold start, median (ms) | cold start, most (ms) | binary (MB) |\n|---|---|---|---|\n",
    );
    for function in functions {
        let _ = writeln!(
            text,
            "| `{}` | {:.1} | {:.1} | {:.1} |",
            function.name, function.median_ms, function.most_ms, function.megabytes
        );
    }
    text.push_str("\nWanted: 30 ms and 12 MB. On Lambda two TLS handshakes come on top, which run at once, and what Lambda needs to load the code.\n");
    text
}
