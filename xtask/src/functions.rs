//! The end-to-end tests on functions: behind the emulated gateway, or deployed.

use std::path::Path;
use std::process::Command;

use crate::aws::Tools;
use crate::run::{Trouble, built, cargo, npm_ci, root, target};
use crate::tally::Tally;
use crate::test::{cargo_test, node, node_is_here};

/// The suite that both hosts pass. Other files are about the one process: how it starts, stops, recovers, its page and its
/// other transports.
const SUITE: [&str; 23] = [
    "apps.test.js",
    "auth.test.js",
    "bad-input.test.js",
    "burst.test.js",
    "cache.test.js",
    "channels.test.js",
    "checklist.test.js",
    "cli.test.js",
    "client-events.test.js",
    "connect.test.js",
    "demo.test.js",
    "encrypted.test.js",
    "frames.test.js",
    "handshake.test.js",
    "http-api.test.js",
    "limits.test.js",
    "origins.test.js",
    "posts.test.js",
    "presence.test.js",
    "python.test.js",
    "switches.test.js",
    "users.test.js",
    "webhooks.test.js",
];
/// What only functions can go through.
const ALONE: [&str; 3] = ["gateway/faults.js", "gateway/init.js", "gateway/roles.js"];
/// One client of functions that are built when their first event comes.
const WATCHED: &str = "gateway/watch.js";
/// A schedule that nobody has to wait a minute for, and a queue that tries again soon.
const SETTINGS: &str = r#"{"schedule_ms":2000,"visibility_ms":2000}"#;
/// The file below the target folder with the calls that functions made.
pub(crate) const CALLS: &str = "function-calls.jsonl";

/// Runs the suite on the functions, as they were built beside the binary; `with` says where the tests find other programs.
///
/// # Errors
/// When Node cannot run.
pub(crate) fn run(folder: &Path, with: impl FnOnce(&mut Command)) -> Result<Tally, Trouble> {
    let calls = target()?.join(CALLS);
    let _ = std::fs::remove_file(&calls);
    let binaries = built("debug", "")?;
    println!("\nOnce more on functions, behind an emulated gateway: {}", SUITE.join(", "));
    node(folder, |node| {
        node.env("PUSHBRIDGE_FUNCTIONS", "lambda").env("PUSHBRIDGE_FUNCTIONS_FROM", binaries);
        node.env("PUSHBRIDGE_EMULATED", SETTINGS).env("PUSHBRIDGE_CALLS", &calls);
        with(node);
        node.args(SUITE).args(ALONE);
    })
}

/// One client of functions that `cargo lambda watch` starts, as whoever works on them has it.
///
/// # Errors
/// When Node cannot run.
pub(crate) fn watched(folder: &Path, tools: &Tools) -> Result<Tally, Trouble> {
    println!("\nOnce more on functions, started by `cargo lambda watch`");
    node(folder, |node| {
        node.env("CARGO_LAMBDA", tools.program("cargo-lambda")).arg(WATCHED);
    })
}

/// Holds the calls that functions made, here and when they were invoked with their events, against their roles.
///
/// # Errors
/// When cargo cannot run.
pub(crate) fn roles() -> Result<Tally, Trouble> {
    let mut command = cargo();
    // Of the whole workspace, whose features are those that everything was built with.
    command.args(["test", "--workspace", "--test", "calls"]);
    cargo_test(command.env("PUSHBRIDGE_CALLS", target()?.join(CALLS)))
}

/// Runs the suite against a host that is there. The app's credentials come from the environment.
///
/// # Errors
/// When Node cannot run, or a test fails.
pub(crate) fn smoke(url: &str) -> Result<(), Trouble> {
    node_is_here()?;
    let folder = root().join("tests/e2e");
    npm_ci(&folder)?;
    let total = node(&folder, |node| {
        node.args(SUITE).env("PUSHBRIDGE_URL", url);
    })?;
    println!("{total}");
    if total.failed == 0 { Ok(()) } else { Err(Trouble(format!("{url} failed: {total}"))) }
}
