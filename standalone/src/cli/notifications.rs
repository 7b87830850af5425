//! `pushbridge notifications`: what a person should have heard of, through the REST API.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::session::{Common, Session};
use super::{CliError, tables};
use crate::config::Env;

const EXAMPLES: &str = "\
The token comes from --token or PUSHBRIDGE_TOKEN; in the demo one is made.

Examples:
  pushbridge notifications list
  pushbridge notifications read";

/// What to do with notifications.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NotificationsArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List your notifications, the newest first
    #[command(after_help = "Example:\n  pushbridge notifications list")]
    List(ListArgs),
    /// Mark notifications as read
    #[command(after_help = "Example:\n  pushbridge notifications read ntf_1")]
    Read(ReadArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct ReadArgs {
    /// Their ids [default: all of them]
    ids: Vec<String>,
    #[command(flatten)]
    common: Common,
}

/// Does it.
pub(super) async fn run(args: NotificationsArgs, env: &Env) -> Result<(), CliError> {
    let (Verb::List(ListArgs { common }) | Verb::Read(ReadArgs { common, .. })) = &args.verb;
    let session = Session::new(common, env)?;
    let answer: Value = match args.verb {
        Verb::List(_) => session.list("/api/notifications", &[]).await?,
        Verb::Read(args) => {
            session
                .post_text(
                    "/api/notifications/read",
                    "application/json",
                    json!({ "ids": args.ids }).to_string(),
                )
                .await?
        }
    };
    session.print(&answer, tables::notifications)
}
