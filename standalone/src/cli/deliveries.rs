//! `pushbridge deliveries`: decide about deliveries of which nobody can tell, through the REST API.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::CliError;
use super::posts::{Common, Session, shown};
use crate::config::Env;

const EXAMPLES: &str = "\
Look at the account first: what is sent again is there twice if the first attempt worked.

Examples:
  pushbridge deliveries confirm dlv_1 --at https://example.com/posts/1
  pushbridge deliveries send-again dlv_1";

/// What to do with deliveries.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DeliveriesArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say that an unconfirmed delivery is live
    #[command(
        after_help = "Example:\n  pushbridge deliveries confirm dlv_1 --at https://example.com/posts/1"
    )]
    Confirm(ConfirmArgs),
    /// Send an unconfirmed delivery again, under a new key
    #[command(after_help = "Example:\n  pushbridge deliveries send-again dlv_1")]
    SendAgain(SendAgainArgs),
}

#[derive(Debug, Args)]
struct ConfirmArgs {
    /// The delivery's id
    id: String,
    /// Where people see it
    #[arg(long, value_name = "ADDRESS")]
    at: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct SendAgainArgs {
    /// The delivery's id
    id: String,
    #[command(flatten)]
    common: Common,
}

/// Does it.
pub(super) async fn run(args: DeliveriesArgs, env: &Env) -> Result<(), CliError> {
    let (common, id, verb, body) = match args.verb {
        Verb::Confirm(args) => (args.common, args.id, "confirm", json!({ "url": args.at })),
        Verb::SendAgain(args) => (args.common, args.id, "send-again", Value::Null),
    };
    let session = Session::new(&common, env)?;
    let answer = session.decide("deliveries", &id, verb, &body).await?;
    let text = if common.json { format!("{answer:#}\n") } else { shown(&answer) };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
