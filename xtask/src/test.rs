//! `cargo xtask test`: the crates' tests, the template, then the end-to-end tests with real clients.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::aws::{self, Tools};
use crate::events;
use crate::functions;
use crate::pds;
use crate::python;
use crate::run::{Trouble, built, cargo, npm_ci, root, succeed, text_of};
use crate::tally::{self, Tally};

/// Oldest major version of Node that the end-to-end tests run on.
const NODE_MAJOR: u32 = 20;
/// What is run on the DynamoDB store as well: whatever depends on who is connected, subscribed and present.
const ON_DYNAMODB: [&str; 4] =
    ["channels.test.js", "presence.test.js", "client-events.test.js", "http-api.test.js"];

/// How long races run in CI, seconds.
const RACE_SECONDS: &str = "150";
/// How long random verbs run in CI on each of the two stores, seconds.
const MODEL_SECONDS: &str = "30";
/// Where random verbs begin in CI: the same ones each time, so that what fails there was broken by the change. Elsewhere they
/// are others each time.
const MODEL_SEED: &str = "1";

/// Runs everything and ends with a line `N passed, N failed`. What cannot be run counts as one failure.
pub(crate) fn run() -> ExitCode {
    let pds = bluesky();
    let parts = [
        ("races", counted(races())),
        (
            "crates",
            counted(pds.as_ref().map_err(Clone::clone).and_then(|it| crates(it.as_deref()))),
        ),
        ("template", counted(template())),
        ("end to end", counted(end_to_end(pds.ok().flatten().as_deref()))),
    ];
    println!("\nSummary");
    let mut total = Tally::default();
    for (name, part) in parts {
        println!("  {name:<12} {part}");
        total += part;
    }
    println!("{total}");
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn counted(part: Result<Tally, Trouble>) -> Tally {
    part.unwrap_or_else(|Trouble(why)| {
        println!("\nFAILED: {why}");
        Tally { failed: 1, ..Tally::default() }
    })
}

/// The folder of the Bluesky server; the tests that want it are skipped without it, but not in CI.
fn bluesky() -> Result<Option<PathBuf>, Trouble> {
    match node_is_here().and_then(|()| pds::install()) {
        Ok(folder) => Ok(Some(folder)),
        Err(missing) if in_ci() => Err(missing),
        Err(missing) => {
            println!("\nSKIPPED: tests with a real Bluesky server: {}", missing.0);
            Ok(None)
        }
    }
}

/// The template as AWS's tools see it; skipped without them, but not in CI.
fn template() -> Result<Tally, Trouble> {
    match Tools::install() {
        Ok(tools) => aws::template(&tools),
        Err(missing) if in_ci() => Err(missing),
        Err(missing) => {
            println!("\nSKIPPED: the checks of the template: {}", missing.0);
            Ok(Tally { skipped: 1, ..Tally::default() })
        }
    }
}

/// Hundreds of races of the DynamoDB store, and a minute of random verbs against a model on both stores, optimized; elsewhere
/// than in CI the tests of the crates run a few seconds of each.
fn races() -> Result<Tally, Trouble> {
    if !in_ci() {
        println!(
            "\nSKIPPED: a minute of races and one of random verbs: the crates' tests run seconds of them"
        );
        return Ok(Tally { skipped: 1, ..Tally::default() });
    }
    let mut command = cargo();
    command.args(["test", "--profile", "race", "--package", "dynamo", "--package", "service"]);
    command.args(["--test", "race", "--lib", "--", "--nocapture", "all_do_at_once", "all_verbs"]);
    command.env("RACE_SECONDS", RACE_SECONDS).env("MODEL_SECONDS", MODEL_SECONDS);
    command.env("MODEL_SEED", MODEL_SEED);
    cargo_test(&mut command)
}

/// `cargo test` over the workspace.
fn crates(pds: Option<&Path>) -> Result<Tally, Trouble> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--"]);
    command.args(pds.is_some().then_some("--include-ignored"));
    command.envs(pds.map(|folder| ("PUSHBRIDGE_PDS", folder)));
    command.envs(in_ci().then_some(("MODEL_SEED", MODEL_SEED)));
    cargo_test(&mut command)
}

/// One run of `cargo test`, printed as it goes and counted.
pub(crate) fn cargo_test(command: &mut Command) -> Result<Tally, Trouble> {
    let failed = |e: std::io::Error| Trouble::of("cannot run `cargo test`", e);
    let words: Vec<_> = command.get_args().map(|it| it.to_string_lossy()).collect();
    println!("$ cargo {}", words.join(" "));
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut total = Tally::default();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.map_err(failed)?;
        println!("{line}");
        if let Some(part) = tally::of_cargo(&line) {
            total += part;
        }
    }
    let status = child.wait().map_err(failed)?;
    // A failure without a failed test is one of building: there is nothing to count.
    if total.passed == 0 || (!status.success() && total.failed == 0) {
        return Err(Trouble(format!(
            "`cargo test` counted {total} and ended with {status}; see above"
        )));
    }
    Ok(total)
}

/// `node --test` over tests/e2e, against the binary of the dev profile.
fn end_to_end(pds: Option<&Path>) -> Result<Tally, Trouble> {
    if let Err(missing) = node_is_here() {
        if in_ci() {
            return Err(missing);
        }
        println!("\nSKIPPED: end-to-end tests: {}", missing.0);
        return Ok(Tally { skipped: 1, ..Tally::default() });
    }
    let folder = root().join("tests/e2e");
    // The binary and the functions, with one set of features.
    succeed(cargo().arg("build"))?;
    npm_ci(&folder)?;
    let python = python_of(&folder)?;
    let programs = |node: &mut Command| {
        node.envs(python.as_ref().map(|it| ("PUSHBRIDGE_PYTHON", it)));
        node.envs(pds.map(|folder| ("PUSHBRIDGE_PDS", folder)));
    };
    let mut total = node(&folder, programs)?;
    println!("\nOnce more on the DynamoDB store: {}", ON_DYNAMODB.join(", "));
    total += node(&folder, |node| {
        node.args(ON_DYNAMODB).env("PUSHBRIDGE_STORE", "dynamodb");
    })?;
    total += functions::run(&folder, programs)?;
    total += invoked(&folder)?;
    total += functions::roles()?;
    Ok(total)
}

/// Every function with its events, and some as they are started while one works on them; skipped without `cargo lambda`, but
/// not in CI.
fn invoked(folder: &Path) -> Result<Tally, Trouble> {
    match Tools::install() {
        Ok(tools) => {
            let mut total = events::run(&tools)?;
            total += functions::watched(folder, &tools)?;
            Ok(total)
        }
        Err(missing) if in_ci() => Err(missing),
        Err(missing) => {
            println!("\nSKIPPED: functions invoked with their events: {}", missing.0);
            Ok(Tally { skipped: 1, ..Tally::default() })
        }
    }
}

/// One run of `node --test`, told more by `with`, and counted.
pub(crate) fn node(folder: &Path, with: impl FnOnce(&mut Command)) -> Result<Tally, Trouble> {
    let scratch = tempfile::tempdir().map_err(|e| Trouble::of("cannot make a folder", e))?;
    let report = scratch.path().join("report.tap");
    let mut node = node_tests(folder, &report)?;
    with(&mut node);
    let status = node.status();
    let status = status.map_err(|e| Trouble::of("cannot run `node --test`", e))?;
    let text = std::fs::read_to_string(&report).unwrap_or_default();
    let total = tally::of_tap(&text);
    // Node may fail outside of any test, for instance on a syntax error.
    if total.passed == 0 || (!status.success() && total.failed == 0) {
        return Err(Trouble(format!("`node --test` counted {total} and ended with {status}")));
    }
    Ok(total)
}

/// The Python with its SDK; the tests that want one are skipped without it, but not in CI.
fn python_of(folder: &Path) -> Result<Option<PathBuf>, Trouble> {
    match python::environment(folder) {
        Ok(python) => Ok(Some(python)),
        Err(missing) if in_ci() => Err(missing),
        Err(missing) => {
            println!("\nSKIPPED: tests with the Python SDK: {}", missing.0);
            Ok(None)
        }
    }
}

fn node_tests(folder: &Path, report: &Path) -> Result<Command, Trouble> {
    let mut node = Command::new("node");
    node.arg("--test")
        .args(["--test-reporter=spec", "--test-reporter-destination=stdout"])
        .arg("--test-reporter=tap")
        .arg(format!("--test-reporter-destination={}", report.display()))
        .current_dir(folder)
        .env("PUSHBRIDGE_BIN", built("debug", "pushbridge")?);
    Ok(node)
}

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|it| it == "true")
}

pub(crate) fn node_is_here() -> Result<(), Trouble> {
    let advice = "install Node 20 or newer, with npm";
    let version = text_of(Command::new("node").arg("--version"))
        .ok_or_else(|| Trouble(format!("node was not found; {advice}")))?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|it| it.parse().ok());
    if major.is_none_or(|it: u32| it < NODE_MAJOR) {
        return Err(Trouble(format!("node {version} is too old; {advice}")));
    }
    text_of(Command::new("npm").arg("--version"))
        .map(drop)
        .ok_or_else(|| Trouble(format!("npm was not found; {advice}")))
}
