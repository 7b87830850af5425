//! The table.

use std::fmt::Write;

use super::Row;
use super::floor::Floor;
use super::load::Measured;
use super::presence::{self, Joins};

/// Limits that we hold ourselves to.
const WANTED_CPU_US: f64 = 8.0;
const WANTED_KIB: f64 = 12.0;
const WANTED_LAST_MS: f64 = 70.0;
const WANTED_READY_MS: f64 = 5.0;

const INTRO: &str = "# Benchmarks

Made by `cargo xtask bench --write`. It starts the release binary and, beside it in the same run, Socket.IO from npm
(`tests/bench`; WebSocket only, no compression), and drives both with one load generator (`xtask/src/bench`). Everything
shares one machine and its loopback, the generator included: read the ratios before the absolute figures.

";

const METHOD: &str = "
## How each figure is made

- **ready**: from TCP connect to the confirmed subscription, with 50 connections on their way at any moment until all stand.
- **delivery**: from the moment before the publishing HTTP request is sent to the moment a receiver's bytes are read, over all receivers of all broadcasts.
- **last receiver**: the same, up to the last receiver of a broadcast; the median over broadcasts. The next broadcast starts when the last one has arrived everywhere.
- **CPU per delivery**: the server's processor time, user and kernel, while broadcasting, by deliveries. It holds the publishing request too: with 10 receivers a channel that share dominates.
- **memory**: resident memory that a connection added to a fresh server that has answered one request: subscribed and idle, and after the broadcasts.
- An event has 300 bytes of data. A channel of `1,000 in 100` has 10 receivers; each event goes to one channel.
- **bare write**: one thread writes a frame of the same size to as many plain TCP sockets, another one receives: no server on this machine can be below that with a `write()` per receiver.
";

/// The whole page.
pub(crate) fn markdown(rows: &[Row], floor: &Floor, joins: &[Joins], machine: &str) -> String {
    let mut page = String::from(INTRO);
    page.push_str(machine);
    for row in rows {
        table(&mut page, row);
    }
    let (us, last) = (floor.cpu_ns / 1e3, floor.last.quantile_ms(50));
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "\n## The floor\n\nA bare `write()` to {} sockets: **{us:.1} µs** of processor time each; last receiver after {last:.1} ms (median).\n",
        thousands(floor.sockets)
    );
    page.push_str(&presence::section(joins));
    page.push_str(METHOD);
    page
}

fn table(page: &mut String, row: &Row) {
    let (connections, channels) = (thousands(row.scenario.connections), row.scenario.channels);
    let plural = if channels == 1 { "channel" } else { "channels" };
    let events = thousands(row.scenario.broadcasts);
    let _ = write!(
        page,
        "\n## {connections} connections in {channels} {plural}, {events} events\n\n| | Pushbridge | Socket.IO | ratio | wanted |\n|---|---|---|---|---|\n"
    );
    for figure in figures(row) {
        let (ours, peer) = ((figure.of)(&row.ours), (figure.of)(&row.peer));
        let ratio = if peer > 0.0 { format!("{:.2}", ours / peer) } else { "–".to_owned() };
        let wanted = figure.wanted.map_or_else(String::new, |it| format!("≤ {it}"));
        let _ = writeln!(page, "| {} | {ours:.2} | {peer:.2} | {ratio} | {wanted} |", figure.name);
    }
}

struct Figure {
    name: &'static str,
    wanted: Option<f64>,
    of: fn(&Measured) -> f64,
}

fn figures(row: &Row) -> [Figure; 8] {
    // With few receivers a channel the publishing request outweighs the deliveries.
    let one_channel = row.scenario.channels == 1;
    let cpu = one_channel.then_some(WANTED_CPU_US);
    let last = (row.scenario.connections == 9_000).then_some(WANTED_LAST_MS);
    let figure = |name, wanted, of| Figure { name, wanted, of };
    [
        figure("ready, median (ms)", Some(WANTED_READY_MS), |it| it.ready.quantile_ms(50)),
        figure("ready, p99 (ms)", None, |it| it.ready.quantile_ms(99)),
        figure("delivery, p50 (ms)", None, |it| it.delivery.quantile_ms(50)),
        figure("delivery, p99 (ms)", None, |it| it.delivery.quantile_ms(99)),
        figure("last receiver, median (ms)", last, |it| it.last.quantile_ms(50)),
        figure("CPU per delivery (µs)", cpu, |it| it.cpu_ns / 1e3),
        figure("memory per connection, idle (KiB)", Some(WANTED_KIB), |it| it.idle_bytes / 1024.0),
        figure("memory per connection, after (KiB)", Some(WANTED_KIB), |it| it.busy_bytes / 1024.0),
    ]
}

fn thousands(number: usize) -> String {
    match (number / 1000, number % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}
