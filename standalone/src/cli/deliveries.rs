//! `pushbridge deliveries`: how each account got a post, and what a person decides, through the REST API.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::session::{Common, OneArgs, Session};
use super::{CliError, tables};
use crate::config::Env;

const EXAMPLES: &str = "\
Look at the account before anything is sent again: it is there twice if the first attempt worked.

Examples:
  pushbridge deliveries list --status unconfirmed
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
    /// List the deliveries of posts, those due last first
    #[command(
        after_help = "Examples:\n  pushbridge deliveries list\n  pushbridge deliveries list --post post_1"
    )]
    List(ListArgs),
    /// Say that an unconfirmed delivery is live
    #[command(
        after_help = "Example:\n  pushbridge deliveries confirm dlv_1 --at https://example.com/posts/1"
    )]
    Confirm(ConfirmArgs),
    /// Send an unconfirmed delivery again, under a new key
    #[command(after_help = "Example:\n  pushbridge deliveries send-again dlv_1")]
    SendAgain(OneArgs),
    /// Publish the failed deliveries of a post again; takes the post's id
    #[command(after_help = "Example:\n  pushbridge deliveries retry post_1")]
    Retry(OneArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only those of this post
    #[arg(long, value_name = "ID")]
    post: Option<String>,
    /// Only deliveries with this status, such as failed or unconfirmed
    #[arg(long)]
    status: Option<String>,
    /// Of at most this many posts
    #[arg(long, value_name = "NUMBER", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    #[command(flatten)]
    common: Common,
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

/// Does it.
pub(super) async fn run(args: DeliveriesArgs, env: &Env) -> Result<(), CliError> {
    let common = match &args.verb {
        Verb::List(args) => &args.common,
        Verb::Confirm(args) => &args.common,
        Verb::SendAgain(args) | Verb::Retry(args) => &args.common,
    };
    let session = Session::new(common, env)?;
    let answer = match args.verb {
        Verb::List(args) => {
            let answer = list(&session, &args).await?;
            return session.print(&answer, tables::deliveries);
        }
        Verb::Confirm(args) => {
            let body = json!({ "url": args.at });
            session.decide("deliveries", &args.id, "confirm", &body).await?
        }
        Verb::SendAgain(args) => {
            session.decide("deliveries", &args.id, "send-again", &Value::Null).await?
        }
        Verb::Retry(args) => session.decide("posts", &args.id, "retry", &Value::Null).await?,
    };
    session.print(&answer, tables::post)
}

/// Posts with the deliveries that were asked for.
async fn list(session: &Session, args: &ListArgs) -> Result<Value, CliError> {
    let mut page = match &args.post {
        Some(id) => json!({ "posts": [session.get("posts", id).await?] }),
        None => session.list("/api/posts", &[("limit", args.limit.to_string())]).await?,
    };
    if let Some(status) = &args.status {
        for post in page["posts"].as_array_mut().into_iter().flatten() {
            if let Some(deliveries) = post["deliveries"].as_array_mut() {
                deliveries.retain(|delivery| delivery["status"] == status.as_str());
            }
        }
    }
    Ok(page)
}
