//! The command line: what can be said, and the small commands that are clients of a running server.

mod accounts;
mod api;
mod apps;
mod cost;
mod deliveries;
mod error;
mod jobs;
mod notifications;
mod operator;
mod posts;
mod series;
mod session;
mod tables;
mod term;
mod token;
mod trigger;
mod webhooks;
mod workspace;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use error::CliError;

use crate::config::{ConfigError, Env, Flags};
use crate::functions::Functions;

/// Where a server is, unless said otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:6001";

/// Self-hosted realtime push that speaks the Pusher Channels protocol, with a publisher of scheduled posts.
///
/// Without a subcommand it serves. With nothing configured it serves a demo on 127.0.0.1:6001.
#[derive(Debug, Parser)]
#[command(name = "pushbridge", bin_name = "pushbridge", version, args_conflicts_with_subcommands = true, after_help = CLI_EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

const CLI_EXAMPLES: &str = "\
Examples:
  pushbridge                                     the demo, on http://127.0.0.1:6001
  pushbridge serve --listen 0.0.0.0:6001         with your own credentials in the environment
  pushbridge token --user ann --workspace acme   a JWT, to try things
  pushbridge trigger --channel news --event hello '{\"n\":1}'
  pushbridge posts schedule --at +10s 'Hello'

`pushbridge help COMMAND` tells more.";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve WebSockets, the HTTP API, the posts and the page
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// A command that talks to a server, or needs none.
    #[command(flatten)]
    Tool(Tool),
}

/// Commands that end by themselves.
#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// Make a JWT for a user, to try things
    Token(token::TokenArgs),
    /// Publish an event, as the app
    Trigger(trigger::TriggerArgs),
    /// List, write, schedule, change, approve and cancel posts
    Posts(posts::PostsArgs),
    /// List, connect and disconnect accounts, where posts go
    Accounts(accounts::AccountsArgs),
    /// List deliveries, and decide about those of which nobody can tell
    Deliveries(deliveries::DeliveriesArgs),
    /// Posts that come again and again
    Series(series::SeriesArgs),
    /// What a workspace decides about its posts: how late they may still go out
    Workspace(workspace::WorkspaceArgs),
    /// How far the creation of many posts is
    Jobs(jobs::JobsArgs),
    /// What you should have heard of
    Notifications(notifications::NotificationsArgs),
    /// List, make, switch and re-key apps
    Apps(apps::AppsArgs),
    /// List and replay webhooks that were given up
    Webhooks(webhooks::WebhooksArgs),
    /// Compute what a workload costs a month on AWS, and elsewhere
    Cost(cost::CostArgs),
}

const SERVE_EXAMPLES: &str = "\
Environment:
  PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET  the app's credentials, all three
  JWT_SECRET or JWT_JWKS_URL                what users' tokens are signed with
  JWT_AUDIENCE, JWT_ISSUER                  what tokens must name, if set
  CRON_SECRET                               bearer token of /api/cron/publish-posts
  ADMIN_KEY                                 bearer token of /api/admin/…, for `pushbridge apps` and `webhooks`
  PUSHBRIDGE_ALLOWED_ORIGINS                web origins that may call, separated by commas, or *
  PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES        true: webhooks may go to private networks
  PUSHBRIDGE_LATE_LIMIT_MINUTES             how late a post may still go out (60)
  PUSHBRIDGE_LISTEN, PUSHBRIDGE_DATA        as --listen and --data, which come first
  PUSHBRIDGE_STORE                          as --store, which comes first
  PUSHBRIDGE_FUNCTIONS, …_FUNCTIONS_FROM    as --functions and --functions-from, which come first

Examples:
  pushbridge serve
  pushbridge serve --listen 127.0.0.1:8080 --data /var/lib/pushbridge
  PUSHER_APP_ID=1 PUSHER_KEY=k PUSHER_SECRET=s JWT_SECRET=$(openssl rand -hex 32) \\
    pushbridge serve --listen 0.0.0.0:6001";

/// How to serve.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:6001]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Where it is kept who is connected: memory, or dynamodb (an engine inside the process) [default: memory]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Where the rules run: local (in this process), or lambda (in functions, with AWS emulated around them) [default: local]
    #[arg(long, value_name = "WHERE")]
    functions: Option<String>,
    /// The workspace with the functions, for `cargo lambda watch`; or a directory with their binaries [default: .]
    #[arg(long, value_name = "DIRECTORY")]
    functions_from: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// Where configuration and data are.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Directory of everything durable [default: ./data]
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Configuration file [default: pushbridge.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Cli {
    /// What to do: to serve, if nothing else is said.
    pub(crate) fn command(self) -> Command {
        self.command.unwrap_or(Command::Serve(self.serve))
    }
}

impl ServeArgs {
    /// The flags, for the configuration.
    pub(crate) fn flags(&self) -> Flags {
        Flags { listen: self.listen.clone(), store: self.store.clone(), ..self.place.flags() }
    }

    /// Where functions run, if not in this process.
    ///
    /// # Errors
    /// Names the first value that is malformed.
    pub(crate) fn functions(&self, env: &Env) -> Result<Option<Functions>, ConfigError> {
        let (from, file) = (self.functions_from.clone(), self.place.config.as_deref());
        Functions::read(self.functions.as_deref(), from, file, env)
    }
}

impl Place {
    fn flags(&self) -> Flags {
        Flags { data: self.data.clone(), config: self.config.clone(), ..Flags::default() }
    }
}

impl Tool {
    /// Does it, and writes what it has to say to standard output.
    ///
    /// # Errors
    /// One sentence for standard error; the exit code is then 1.
    pub(crate) async fn run(self, env: &Env) -> Result<(), CliError> {
        match self {
            Self::Token(args) => token::run(&args, env),
            Self::Trigger(args) => trigger::run(args, env).await,
            Self::Posts(args) => posts::run(args, env).await,
            Self::Accounts(args) => accounts::run(args, env).await,
            Self::Series(args) => series::run(args, env).await,
            Self::Workspace(args) => workspace::run(args, env).await,
            Self::Jobs(args) => jobs::run(args, env).await,
            Self::Notifications(args) => notifications::run(args, env).await,
            Self::Deliveries(args) => deliveries::run(args, env).await,
            Self::Apps(args) => apps::run(args, env).await,
            Self::Webhooks(args) => webhooks::run(args, env).await,
            Self::Cost(args) => cost::run(&args),
        }
    }
}

#[cfg(test)]
mod tests;
