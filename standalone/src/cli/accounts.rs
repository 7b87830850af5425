//! `pushbridge accounts`: where posts go, through the REST API.

mod reseal;

use std::io::{BufRead, IsTerminal};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::CliError;
use super::operator::KEY_HELP;
use super::session::{Common, OneArgs, Session};
use super::tables;
use crate::config::Env;

const EXAMPLES: &str = "\
The token comes from --token or PUSHBRIDGE_TOKEN; in the demo one is made.

Examples:
  pushbridge accounts list
  pushbridge accounts add bluesky --name Alice --id alice.bsky.social
  pushbridge accounts disconnect acc_1";

const SECRET_HELP: &str = "\
The secret is the platform's token, the app password or the webhook's signing secret. It is read from
PUSHBRIDGE_ACCOUNT_SECRET, or else from standard input: what stands on a command line, other users of this machine see.
";

const ADD_EXAMPLES: &str = "\
The secret is the platform's token, the app password or the webhook's signing secret. It is read from
PUSHBRIDGE_ACCOUNT_SECRET, or else from standard input: what stands on a command line, other users of this machine see.

Examples:
  pushbridge accounts add bluesky --name Alice --id alice.bsky.social
  pushbridge accounts add mastodon --name Alice --address https://mastodon.social < token.txt
  PUSHBRIDGE_ACCOUNT_SECRET=whsec_… pushbridge accounts add webhook --name Shop --address https://shop.example.com/hook";

const RESEAL_EXAMPLES: &str = "\
It may be stopped and begun again, and the server goes on publishing. docs/publishing.md says when and how.

Example:
  pushbridge accounts reseal";

/// Longest secret that is read, in bytes. The server takes less.
const SECRET_BYTES: u64 = 8_192;

/// What to do with accounts.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AccountsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What members of a workspace do.
    #[command(flatten)]
    Members(Verb),
    /// Seal all accounts' credentials under the server's new key, where its old one did
    #[command(before_long_help = KEY_HELP, after_help = RESEAL_EXAMPLES)]
    Reseal(reseal::ResealArgs),
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the accounts of a workspace
    #[command(after_help = "Example:\n  pushbridge accounts list")]
    List(ListArgs),
    /// Show an account
    #[command(after_help = "Example:\n  pushbridge accounts get acc_1")]
    Get(OneArgs),
    /// Connect an account
    #[command(after_help = ADD_EXAMPLES)]
    Add(AddArgs),
    /// Connect an account again, with new credentials
    #[command(before_long_help = SECRET_HELP, after_help = "Example:\n  pushbridge accounts reconnect acc_1")]
    Reconnect(OneArgs),
    /// Disconnect an account; posts that still name it fail there
    #[command(after_help = "Example:\n  pushbridge accounts disconnect acc_1")]
    Disconnect(OneArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The platform's name, such as bluesky; docs/platforms.md says what each needs
    platform: String,
    /// What people will call it
    #[arg(long)]
    name: String,
    /// The platform's own id of it: a handle, a page's number, a chat
    #[arg(long = "id", value_name = "ID", default_value = "")]
    remote_id: String,
    /// Where it is: the webhook's address, an instance's address
    #[arg(long, value_name = "URL", default_value = "")]
    address: String,
    #[command(flatten)]
    common: Common,
}

/// Does it.
pub(super) async fn run(args: AccountsArgs, env: &Env) -> Result<(), CliError> {
    match args.command {
        Command::Members(verb) => for_members(verb, env).await,
        Command::Reseal(args) => reseal::run(&args, env).await,
    }
}

async fn for_members(verb: Verb, env: &Env) -> Result<(), CliError> {
    let common = match &verb {
        Verb::List(args) => &args.common,
        Verb::Add(args) => &args.common,
        Verb::Get(args) | Verb::Reconnect(args) | Verb::Disconnect(args) => &args.common,
    };
    let session = Session::new(common, env)?;
    let answer = match verb {
        Verb::List(_) => {
            let answer = session.list("/api/accounts", &[]).await?;
            return session.print(&answer, tables::accounts);
        }
        Verb::Disconnect(args) => {
            let answer = session.delete("accounts", &args.id).await?;
            return session.print(&answer, |_| format!("{} is disconnected.\n", args.id));
        }
        Verb::Get(args) => one(&session, &args.id).await?,
        Verb::Add(args) => {
            let body = json!({
                "platform": args.platform, "name": args.name, "remote_id": args.remote_id, "url": args.address,
                "secret": secret(env)?,
            });
            session.create("/api/accounts", body).await?
        }
        Verb::Reconnect(args) => {
            let body = json!({ "secret": secret(env)? });
            session.decide("accounts", &args.id, "reconnect", &body).await?
        }
    };
    session.print(&answer, |it| tables::accounts(&json!({ "accounts": [it] })))
}

/// One account of the workspace.
async fn one(session: &Session, id: &str) -> Result<Value, CliError> {
    let answer = session.list("/api/accounts", &[]).await?;
    let all = answer["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = all.iter().find(|account| account["id"] == id).cloned();
    found.ok_or_else(|| CliError::refused(format!("The workspace has no account {id}.")))
}

/// The secret, from the environment or the first line of standard input.
fn secret(env: &Env) -> Result<String, CliError> {
    if let Some(secret) = env.get("PUSHBRIDGE_ACCOUNT_SECRET") {
        return Ok(secret.to_owned());
    }
    let input = std::io::stdin();
    if input.is_terminal() {
        eprint!("Secret (shown as you type): ");
    }
    let mut line = String::new();
    std::io::Read::take(input.lock(), SECRET_BYTES).read_line(&mut line)?;
    match line.trim() {
        "" => Err(CliError::refused(
            "No secret was given; set PUSHBRIDGE_ACCOUNT_SECRET, or write it to standard input.",
        )),
        secret => Ok(secret.to_owned()),
    }
}
