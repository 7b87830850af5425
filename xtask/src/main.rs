//! Tasks of this repository: `cargo xtask test`, `check`, `smoke` and `bench`.
//!
//! A task prints what it does, and its exit status says whether it succeeded.
#![allow(clippy::print_stdout, reason = "tasks talk to whoever runs them")]

mod aws;
mod bench;
mod check;
mod events;
mod functions;
mod pds;
mod python;
mod run;
mod tally;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::run::Trouble;

/// Tasks of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every test: the crates', then end to end with real clients (needs Node 20).
    Test,
    /// Check format, lints and docs; warnings are errors.
    Check,
    /// Run the end-to-end tests against a host, for instance a deployed stack: keys from the environment, as the server has them.
    Smoke {
        /// Its address, for instance `https://push.example.com`
        url: String,
    },
    /// Measure the release binary: beside Socket.IO (needs Node 20), or publishing.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Test => return test::run(),
        Task::Check => check::run(),
        Task::Smoke { url } => functions::smoke(&url),
        Task::Bench(options) if cfg!(debug_assertions) && options.needs_optimized() => {
            options.run_optimized()
        }
        Task::Bench(options) => bench::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble(why)) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
