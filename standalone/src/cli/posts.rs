//! `pushbridge posts`: all that the REST API does with posts.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::session::{Common, OneArgs, Session};
use super::tables::{post, posts};
use super::term::When;
use super::{CliError, jobs};
use crate::config::Env;

const EXAMPLES: &str = "\
The token comes from --token or PUSHBRIDGE_TOKEN; in the demo one is made.

Examples:
  pushbridge posts list
  pushbridge posts schedule --at +10s 'Hello'
  pushbridge posts schedule --at 2026-11-20T09:00:00Z --account acc_1 'Hello'
  pushbridge posts get post_1
  pushbridge posts cancel post_1";

const LIST_EXAMPLES: &str = "\
Examples:
  pushbridge posts list --status scheduled
  pushbridge posts list --json | jq '.posts[].id'";

const SCHEDULE_EXAMPLES: &str = "\
Examples:
  pushbridge posts schedule --at +10s 'Hello'
  pushbridge posts schedule --at 2026-11-20T09:00:00+01:00 --account acc_1 'Hi'
  pushbridge posts schedule --local-time 2026-11-20T09:00 --tz Europe/Berlin 'Guten Morgen'";

const EDIT_EXAMPLES: &str = "\
Examples:
  pushbridge posts edit post_1 --text 'Hello again'
  pushbridge posts edit post_1 --local-time 2026-11-21T09:00 --tz Europe/Berlin
  pushbridge posts edit post_1 --draft";

const BULK_EXAMPLES: &str = "\
The first row of a table names its columns: text, accounts (with spaces between), scheduled_at, tz, local_time,
needs_approval. JSON is {\"posts\": […]}, each as for POST /api/posts. Nothing is created if anything is wrong.

Examples:
  pushbridge posts bulk posts.csv
  pushbridge posts bulk posts.json";

/// What to do with posts.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PostsArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List posts, those due last first
    #[command(after_help = LIST_EXAMPLES)]
    List(ListArgs),
    /// Show a post with its deliveries
    #[command(after_help = "Example:\n  pushbridge posts get post_1")]
    Get(OneArgs),
    /// Write a draft
    #[command(after_help = "Example:\n  pushbridge posts create 'Hello'")]
    Create(CreateArgs),
    /// Schedule a post
    #[command(after_help = SCHEDULE_EXAMPLES)]
    Schedule(ScheduleArgs),
    /// Change a post that is not being published yet
    #[command(after_help = EDIT_EXAMPLES)]
    Edit(EditArgs),
    /// Publish a post at once
    #[command(after_help = "Example:\n  pushbridge posts publish-now post_1")]
    PublishNow(OneArgs),
    /// Cancel a post that is not being published yet
    #[command(after_help = "Example:\n  pushbridge posts cancel post_1")]
    Cancel(OneArgs),
    /// Delete a post that is not being published
    #[command(after_help = "Example:\n  pushbridge posts delete post_1")]
    Delete(OneArgs),
    /// Publish what failed of a post again
    #[command(after_help = "Example:\n  pushbridge posts retry post_1")]
    Retry(OneArgs),
    /// Approve another member's post
    #[command(after_help = "Example:\n  pushbridge posts approve post_1")]
    Approve(OneArgs),
    /// Reject another member's post, which is a draft again
    #[command(
        after_help = "Example:\n  pushbridge posts reject post_1 --reason 'Not before Friday'"
    )]
    Reject(RejectArgs),
    /// Create many posts from a file, and watch how far that is
    #[command(after_help = BULK_EXAMPLES)]
    Bulk(BulkArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only posts with this status: draft, pending_approval, scheduled, publishing, published, partially_published, failed or cancelled
    #[arg(long)]
    status: Option<String>,
    /// At most this many
    #[arg(long, value_name = "NUMBER", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// Where the page before ended
    #[arg(long)]
    cursor: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// What the post says
    text: String,
    /// An account to publish to; may be repeated
    #[arg(long = "account", value_name = "ID")]
    accounts: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct ScheduleArgs {
    /// What the post says
    text: String,
    /// When it is due: +10s, +15m, +2h or a time such as 2026-11-20T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = When::parse, required_unless_present = "local_time")]
    at: Option<When>,
    /// When it is due on the clocks of --tz, such as 2026-11-20T09:00
    #[arg(long, value_name = "WALL TIME", requires = "tz", conflicts_with = "at")]
    local_time: Option<String>,
    /// A time zone such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// An account to publish to; may be repeated [default: all accounts of the workspace]
    #[arg(long = "account", value_name = "ID")]
    accounts: Vec<String>,
    /// Another member of the workspace must approve it first
    #[arg(long)]
    needs_approval: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct EditArgs {
    /// The post's id
    id: String,
    /// What it says
    #[arg(long)]
    text: Option<String>,
    /// When it is due: +10s, +15m, +2h or a time such as 2026-11-20T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    at: Option<When>,
    /// When it is due on the clocks of its time zone, such as 2026-11-20T09:00
    #[arg(long, value_name = "WALL TIME", conflicts_with = "at")]
    local_time: Option<String>,
    /// A time zone such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// Take its time away: it is a draft again
    #[arg(long, conflicts_with_all = ["at", "local_time", "tz"])]
    draft: bool,
    /// An account to publish to, instead of those it has; may be repeated
    #[arg(long = "account", value_name = "ID")]
    accounts: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct RejectArgs {
    /// The post's id
    id: String,
    /// A sentence for its author
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct BulkArgs {
    /// A table (.csv) or JSON (.json)
    file: PathBuf,
    #[command(flatten)]
    common: Common,
}

impl Verb {
    fn common(&self) -> &Common {
        match self {
            Self::List(args) => &args.common,
            Self::Create(args) => &args.common,
            Self::Schedule(args) => &args.common,
            Self::Edit(args) => &args.common,
            Self::Reject(args) => &args.common,
            Self::Bulk(args) => &args.common,
            Self::Get(args)
            | Self::PublishNow(args)
            | Self::Cancel(args)
            | Self::Delete(args)
            | Self::Retry(args)
            | Self::Approve(args) => &args.common,
        }
    }
}

/// Does it.
pub(super) async fn run(args: PostsArgs, env: &Env) -> Result<(), CliError> {
    let session = Session::new(args.verb.common(), env)?;
    let decide = async |id: &str, verb: &str| session.decide("posts", id, verb, &Value::Null).await;
    let answer = match args.verb {
        Verb::List(args) => {
            let answer = list(&session, &args).await?;
            return session.print(&answer, posts);
        }
        Verb::Bulk(args) => {
            let job = bulk(&session, &args).await?;
            return jobs::watch(&session, job).await;
        }
        Verb::Delete(args) => {
            let answer = session.delete("posts", &args.id).await?;
            return session.print(&answer, |_| format!("{} is deleted.\n", args.id));
        }
        Verb::Get(args) => session.get("posts", &args.id).await?,
        Verb::Create(args) => {
            let body = json!({ "text": args.text, "accounts": args.accounts });
            session.create("/api/posts", body).await?
        }
        Verb::Schedule(args) => schedule(&session, args).await?,
        Verb::Edit(args) => session.change("posts", &args.id, &patch(&args)?).await?,
        Verb::PublishNow(args) => decide(&args.id, "publish-now").await?,
        Verb::Cancel(args) => decide(&args.id, "cancel").await?,
        Verb::Retry(args) => decide(&args.id, "retry").await?,
        Verb::Approve(args) => decide(&args.id, "approve").await?,
        Verb::Reject(args) => {
            session.decide("posts", &args.id, "reject", &json!({ "reason": args.reason })).await?
        }
    };
    session.print(&answer, post)
}

async fn list(session: &Session, args: &ListArgs) -> Result<Value, CliError> {
    let mut query = vec![("limit", args.limit.to_string())];
    query.extend(args.status.iter().map(|status| ("status", status.clone())));
    query.extend(args.cursor.iter().map(|cursor| ("cursor", cursor.clone())));
    session.list("/api/posts", &query).await
}

async fn schedule(session: &Session, args: ScheduleArgs) -> Result<Value, CliError> {
    let accounts =
        if args.accounts.is_empty() { session.all_accounts().await? } else { args.accounts };
    let mut body = json!({ "text": args.text, "accounts": accounts });
    if let Some(at) = args.at {
        body["scheduled_at"] = at.instant(Timestamp::now()).as_millisecond().into();
    }
    for (name, value) in [("local_time", args.local_time), ("tz", args.tz)] {
        if let Some(value) = value {
            body[name] = value.into();
        }
    }
    if args.needs_approval {
        body["needs_approval"] = true.into();
    }
    session.create("/api/posts", body).await
}

fn patch(args: &EditArgs) -> Result<Value, CliError> {
    let mut body = Map::new();
    for (name, value) in [("text", &args.text), ("local_time", &args.local_time), ("tz", &args.tz)]
    {
        body.extend(value.iter().map(|value| (name.to_owned(), value.as_str().into())));
    }
    if !args.accounts.is_empty() {
        body.insert("accounts".to_owned(), json!(args.accounts));
    }
    if args.draft {
        body.insert("scheduled_at".to_owned(), Value::Null);
    } else if let Some(at) = args.at {
        let at = at.instant(Timestamp::now()).as_millisecond();
        body.insert("scheduled_at".to_owned(), at.into());
    }
    if body.is_empty() {
        return Err(CliError::refused("Nothing is to change; say what, for example with --text."));
    }
    Ok(Value::Object(body))
}

async fn bulk(session: &Session, args: &BulkArgs) -> Result<Value, CliError> {
    let path = args.file.display();
    let text = std::fs::read_to_string(&args.file)
        .map_err(|error| CliError::refused(format!("{path} cannot be read ({error}).")))?;
    let kind = match args.file.extension().and_then(|it| it.to_str()) {
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        _ => return Err(CliError::refused(format!("{path} is neither a .csv nor a .json file."))),
    };
    session.post_text("/api/posts/bulk", kind, text).await
}
