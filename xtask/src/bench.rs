//! `cargo xtask bench`: the release binary beside Socket.IO, driven by one load generator.
//!
//! Nothing here judges: it measures and prints. Everything runs on loopback and stops by itself.

mod client;
mod dialect;
mod fanout;
mod floor;
mod frames;
mod load;
mod machine;
mod posts;
mod presence;
mod process;
mod publish;
mod report;
mod server;
mod stats;

use clap::{Args, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::bench::dialect::Dialect;
use crate::bench::floor::Floor;
use crate::bench::load::Measured;
use crate::bench::server::Server;
use crate::run::{Trouble, built, cargo, npm_ci, root, succeed};

/// What to measure and where to put it.
#[derive(Args)]
pub(crate) struct Options {
    /// What to measure.
    #[arg(value_enum, default_value = "push")]
    what: What,
    /// Fewer broadcasts: a first impression in half a minute.
    #[arg(long)]
    quick: bool,
    /// Also write the result to docs/benchmarks.md.
    #[arg(long)]
    write: bool,
    /// Measure only scenarios with at most this many connections.
    #[arg(long, default_value_t = 9_000)]
    up_to: usize,
    /// Posts of the burst of `publish`: fewer than 10,000 for a first impression.
    #[arg(long)]
    posts: Option<usize>,
}

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The push core beside Socket.IO (needs Node 20).
    Push,
    /// Posts through API Gateway from one core, beside Node.js, and cold starts of the functions (needs Node 20).
    Fanout,
    /// Only what joining a presence channel costs, which is part of the push core's table.
    Presence,
    /// Posts that fall due in the same minute. Measures itself little: no optimized build of the tasks is needed.
    Publish,
}

impl Options {
    /// Whether the load generator must not be slow.
    pub(crate) fn needs_optimized(&self) -> bool {
        self.what != What::Publish
    }

    /// Runs the same again as an optimized build: a slow load generator would measure itself.
    ///
    /// # Errors
    /// When that cannot be built, or fails.
    pub(crate) fn run_optimized(&self) -> Result<(), Trouble> {
        let mut again = cargo();
        again.args(["run", "--quiet", "--release", "--package", "xtask", "--", "bench"]);
        again.args((self.what == What::Presence).then_some("presence"));
        again.args((self.what == What::Fanout).then_some("fanout"));
        again.args(self.quick.then_some("--quick")).args(self.write.then_some("--write"));
        succeed(again.arg(format!("--up-to={}", self.up_to)))
    }
}

/// So many connections, spread over so many channels.
#[derive(Clone, Copy)]
struct Scenario {
    connections: usize,
    channels: usize,
    broadcasts: usize,
}

/// The scenarios of the table. A broadcast goes to one channel.
const SCENARIOS: [Scenario; 4] = [
    Scenario { connections: 1_000, channels: 1, broadcasts: 100 },
    Scenario { connections: 1_000, channels: 100, broadcasts: 1_000 },
    Scenario { connections: 5_000, channels: 1, broadcasts: 50 },
    Scenario { connections: 9_000, channels: 1, broadcasts: 30 },
];

/// A quick run makes one broadcast for so many of a full one.
const QUICK_SHARE: usize = 5;

/// Posts of a quick run of `publish`.
const QUICK_POSTS: usize = 1_000;

/// One row of the table.
struct Row {
    scenario: Scenario,
    ours: Measured,
    peer: Measured,
}

/// Builds, measures, prints.
///
/// # Errors
/// When a server cannot be built or started, or a connection breaks.
pub(crate) fn run(options: &Options) -> Result<(), Trouble> {
    if options.what == What::Publish {
        return posts::run(options.write, options.posts.or(options.quick.then_some(QUICK_POSTS)));
    }
    if options.what == What::Fanout {
        return fanout::run(options.write, options.quick);
    }
    if options.what == What::Presence {
        println!("{}", presence::section(&presence::measure()?));
        return Ok(());
    }
    raise_open_files(options.up_to)?;
    succeed(cargo().args(["build", "--release", "--package", "pushbridge"]))?;
    npm_ci(&root().join("tests/bench"))?;
    let binary = built("release", "pushbridge")?;
    let machine = machine::describe();
    let mut rows = Vec::new();
    for mut scenario in SCENARIOS.into_iter().filter(|it| it.connections <= options.up_to) {
        if options.quick {
            scenario.broadcasts /= QUICK_SHARE;
        }
        eprintln!("connections: {}, channels: {}", scenario.connections, scenario.channels);
        let ours = measure(Server::pushbridge(&binary)?, Dialect::Pusher, scenario)?;
        let peer = measure(Server::socket_io()?, Dialect::SocketIo, scenario)?;
        rows.push(Row { scenario, ours, peer });
    }
    let floor = Floor::measure(options.up_to, if options.quick { 6 } else { 30 })?;
    let joins = presence::measure()?;
    let text = report::markdown(&rows, &floor, &joins, &machine);
    println!("{text}");
    if options.write {
        let path = root().join("docs/benchmarks.md");
        std::fs::write(&path, &text)
            .map_err(|e| Trouble::of("cannot write docs/benchmarks.md", e))?;
    }
    Ok(())
}

/// Each scenario has a fresh server, so that no row inherits another's memory.
fn measure(server: Server, dialect: Dialect, scenario: Scenario) -> Result<Measured, Trouble> {
    let measured = load::run(&server, dialect, scenario);
    server.stop();
    measured.map_err(|e| Trouble::of(&format!("the load on {}", dialect.name()), e))
}

/// The floor holds both ends of each connection in this process.
fn raise_open_files(connections: usize) -> Result<(), Trouble> {
    const SPARE: u64 = 200;
    let needed = connections as u64 * 2 + SPARE;
    let limit = getrlimit(Resource::Nofile);
    let highest = limit.maximum.unwrap_or(u64::MAX);
    if highest < needed {
        let advice = "raise the hard limit (`ulimit -Hn`) or pass --up-to with a smaller number";
        return Err(Trouble(format!(
            "{needed} open files are needed, {highest} allowed; {advice}"
        )));
    }
    let wanted = Rlimit { current: Some(highest.min(1 << 20)), maximum: limit.maximum };
    setrlimit(Resource::Nofile, wanted)
        .map_err(|e| Trouble::of("cannot raise the limit of open files", e))
}
