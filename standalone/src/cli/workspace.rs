//! `pushbridge workspace`: what a workspace decides about its posts, through the REST API.

use clap::{Args, Subcommand};
use serde_json::json;

use super::session::{Common, Session};
use super::{CliError, tables, term};
use crate::config::Env;

const SET_EXAMPLES: &str = "\
Examples:
  pushbridge workspace set --late-limit 4h
  pushbridge workspace set --late-limit server     as the server is configured";

const PATH: &str = "/api/workspace";

/// What to do with a workspace.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pushbridge workspace get")]
pub(crate) struct WorkspaceArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what the workspace decided
    #[command(after_help = "Example:\n  pushbridge workspace get")]
    Get(GetArgs),
    /// Decide
    #[command(after_help = SET_EXAMPLES)]
    Set(SetArgs),
}

#[derive(Debug, Args)]
struct GetArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct SetArgs {
    /// How late a post may still go out, 15m to 24h; or server, for the server's own limit
    #[arg(long, value_name = "DURATION", value_parser = Late::parse)]
    late_limit: Late,
    #[command(flatten)]
    common: Common,
}

/// A late limit on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    /// As the server is configured.
    Server,
    /// So many minutes; the server knows the range.
    Minutes(u64),
}

impl Late {
    /// Reads `90m`, `4h` or `server`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text == "server" {
            return Ok(Self::Server);
        }
        match term::duration(text)?.as_secs() {
            seconds if seconds % 60 == 0 => Ok(Self::Minutes(seconds / 60)),
            _ => Err(format!("{text:?} is not whole minutes; give 90m or 4h, for example")),
        }
    }
}

/// Does it.
pub(super) async fn run(args: WorkspaceArgs, env: &Env) -> Result<(), CliError> {
    let (Verb::Get(GetArgs { common }) | Verb::Set(SetArgs { common, .. })) = &args.verb;
    let session = Session::new(common, env)?;
    let answer = match args.verb {
        Verb::Get(_) => session.list(PATH, &[]).await?,
        Verb::Set(SetArgs { late_limit, .. }) => {
            let minutes = match late_limit {
                Late::Server => None,
                Late::Minutes(minutes) => Some(minutes),
            };
            session.put(PATH, &json!({ "late_limit_minutes": minutes })).await?
        }
    };
    session.print(&answer, tables::workspace)
}
