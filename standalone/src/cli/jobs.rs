//! `pushbridge jobs`: how far the creation of many posts is, through the REST API.

use std::io::IsTerminal;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::session::{OneArgs, Session};
use super::{CliError, tables};
use crate::config::Env;

/// How often a job is looked at. Source: the event contract, at most 2 steps a second.
const LOOK: Duration = Duration::from_millis(500);

/// What to do with jobs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pushbridge jobs watch job_1")]
pub(crate) struct JobsArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show a job
    #[command(after_help = "Example:\n  pushbridge jobs get job_1")]
    Get(OneArgs),
    /// Watch a job until it is over
    #[command(after_help = "Example:\n  pushbridge jobs watch job_1")]
    Watch(OneArgs),
}

/// Does it.
pub(super) async fn run(args: JobsArgs, env: &Env) -> Result<(), CliError> {
    let (Verb::Get(one) | Verb::Watch(one)) = &args.verb;
    let session = Session::new(&one.common, env)?;
    let job = session.get("jobs", &one.id).await?;
    match args.verb {
        Verb::Get(_) => session.print(&job, tables::job),
        Verb::Watch(_) => watch(&session, job).await,
    }
}

/// Shows on standard error how far a job is, and prints it when it is over.
pub(super) async fn watch(session: &Session, mut job: Value) -> Result<(), CliError> {
    let shows = std::io::stderr().is_terminal();
    while matches!(job["status"].as_str(), Some("queued" | "running")) {
        if shows {
            eprint!("\r{} of {} posts", job["done"], job["total"]);
        }
        tokio::time::sleep(LOOK).await;
        let id = job["id"].as_str().unwrap_or_default().to_owned();
        job = session.get("jobs", &id).await?;
    }
    if shows {
        eprintln!("\r{} of {} posts", job["done"], job["total"]);
    }
    session.print(&job, tables::job)
}
