//! Pushbridge on one machine: the whole service in one binary.

mod banner;
mod cli;
mod config;
mod console;
mod demo;
mod functions;
mod hooks;
mod jobs;
mod realtime;
mod serve;
mod server;
mod signals;
mod sockets;
mod ticker;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, ServeArgs};
use crate::config::{Config, Env};

/// Smaller and faster than the system's under thousands of small, long-lived allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let env = Env::of_process();
    let done: Result<(), Box<dyn std::error::Error>> = match Cli::parse().command() {
        Command::Serve(args) => {
            log_to_stderr();
            serve(&args, &env).await
        }
        Command::Tool(tool) => tool.run(&env).await.map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pushbridge: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: &ServeArgs, env: &Env) -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::load(&args.flags(), env)?;
    match args.functions(env)? {
        None => serve::run(config).await?,
        Some(functions) => functions.serve(config).await?,
    }
    Ok(())
}

fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,pushbridge=info"));
    // Colours are for people; files and pipes get plain text.
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours);
    log.with_writer(std::io::stderr).init();
}
