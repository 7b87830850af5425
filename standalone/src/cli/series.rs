//! `pushbridge series`: posts that come again and again, through the REST API.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::session::{Common, OneArgs, Session};
use super::{CliError, tables};
use crate::config::Env;

const EXAMPLES: &str = "\
The token comes from --token or PUSHBRIDGE_TOKEN; in the demo one is made.

Examples:
  pushbridge series list
  pushbridge series create --every day --local-time 2026-11-20T09:00 --tz Europe/Berlin 'Good morning'
  pushbridge series stop ser_1";

const CREATE_EXAMPLES: &str = "\
Examples:
  pushbridge series create --every day --local-time 2026-11-20T09:00 --tz Europe/Berlin 'Good morning'
  pushbridge series create --every week --days mon,thu --local-time 2026-11-23T09:00 --tz UTC --until 2027-06-30 'Hi'";

/// What to do with series.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SeriesArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the series of a workspace, the newest first
    #[command(after_help = "Example:\n  pushbridge series list")]
    List(ListArgs),
    /// Show a series
    #[command(after_help = "Example:\n  pushbridge series get ser_1")]
    Get(OneArgs),
    /// Create a series
    #[command(after_help = CREATE_EXAMPLES)]
    Create(CreateArgs),
    /// End a series; its next post stays as it is
    #[command(after_help = "Example:\n  pushbridge series stop ser_1")]
    Stop(OneArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Every {
    Day,
    Week,
    Month,
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// What each post says
    text: String,
    /// When it comes again
    #[arg(long, value_enum)]
    every: Every,
    /// How many days, weeks or months from one to the next
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    interval: u32,
    /// The days of the week, with --every week, such as mon,thu
    #[arg(long, value_name = "DAYS", value_delimiter = ',')]
    days: Vec<String>,
    /// The wall time of the first one, such as 2026-11-20T09:00
    #[arg(long, value_name = "WALL TIME")]
    local_time: String,
    /// The time zone whose clocks count, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    tz: String,
    /// The last day that can have one, such as 2027-06-30
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// An account to publish to; may be repeated [default: all accounts of the workspace]
    #[arg(long = "account", value_name = "ID")]
    accounts: Vec<String>,
    #[command(flatten)]
    common: Common,
}

/// Does it.
pub(super) async fn run(args: SeriesArgs, env: &Env) -> Result<(), CliError> {
    let common = match &args.verb {
        Verb::List(args) => &args.common,
        Verb::Create(args) => &args.common,
        Verb::Get(args) | Verb::Stop(args) => &args.common,
    };
    let session = Session::new(common, env)?;
    let answer = match args.verb {
        Verb::List(_) => {
            let answer = session.list("/api/series", &[]).await?;
            return session.print(&answer, tables::series);
        }
        Verb::Get(args) => session.get("series", &args.id).await?,
        Verb::Stop(args) => session.decide("series", &args.id, "stop", &Value::Null).await?,
        Verb::Create(args) => create(&session, args).await?,
    };
    session.print(&answer, tables::one_series)
}

async fn create(session: &Session, args: CreateArgs) -> Result<Value, CliError> {
    let accounts =
        if args.accounts.is_empty() { session.all_accounts().await? } else { args.accounts };
    let interval = args.interval;
    let rule = match args.every {
        Every::Day => json!({ "every": "day", "interval": interval }),
        Every::Week => json!({ "every": "week", "interval": interval, "days": args.days }),
        Every::Month => json!({ "every": "month", "interval": interval }),
    };
    let body = json!({
        "text": args.text, "accounts": accounts, "rule": rule, "local_time": args.local_time, "tz": args.tz,
        "until": args.until,
    });
    session.create("/api/series", body).await
}
