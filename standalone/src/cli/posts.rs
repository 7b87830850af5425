//! `pushbridge posts`: list, schedule and cancel posts through the REST API.

use std::io::Write;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::term::{self, When};
use super::{CliError, DEFAULT_URL, Place, api, token};
use crate::config::{Config, Env, Mode};
use crate::demo;

const EXAMPLES: &str = "\
The token comes from --token or PUSHBRIDGE_TOKEN; in the demo one is made.

Examples:
  pushbridge posts list
  pushbridge posts schedule --at +10s 'Hello'
  pushbridge posts schedule --at 2026-11-20T09:00:00Z --account acc_1 'Hello'
  pushbridge posts cancel post_1";

const LIST_EXAMPLES: &str = "\
Examples:
  pushbridge posts list --status scheduled
  pushbridge posts list --json | jq '.posts[].id'";

const SCHEDULE_EXAMPLES: &str = "\
Examples:
  pushbridge posts schedule --at +10s 'Hello'
  pushbridge posts schedule --at 2026-11-20T09:00:00+01:00 --account acc_1 'Hi'";

/// How long a token made for one command lasts.
const TOKEN_TTL: Duration = Duration::from_secs(60);
/// Characters of a post's text in the table.
const TEXT_CHARS: usize = 40;

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
    #[command(
        after_help = LIST_EXAMPLES
    )]
    List(ListArgs),
    /// Schedule a post
    #[command(
        after_help = SCHEDULE_EXAMPLES
    )]
    Schedule(ScheduleArgs),
    /// Cancel a post that is not being published yet
    #[command(after_help = "Example:\n  pushbridge posts cancel post_1")]
    Cancel(OneArgs),
    /// Publish what failed of a post again
    #[command(after_help = "Example:\n  pushbridge posts retry post_1")]
    Retry(OneArgs),
    /// Approve another member's post
    #[command(after_help = "Example:\n  pushbridge posts approve post_1")]
    Approve(OneArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only posts with this status: draft, scheduled, publishing, published, partially_published, failed or cancelled
    #[arg(long)]
    status: Option<String>,
    /// At most this many
    #[arg(long, value_name = "NUMBER", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct ScheduleArgs {
    /// What the post says
    text: String,
    /// When it is due: +10s, +15m, +2h or a time such as 2026-11-20T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    at: When,
    /// An account to publish to; may be repeated [default: all accounts of the workspace]
    #[arg(long = "account", value_name = "ID")]
    accounts: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct OneArgs {
    /// The post's id
    id: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct Common {
    /// The workspace; may be left out by a member of exactly one
    #[arg(long, value_name = "ID")]
    workspace: Option<String>,
    /// Print the server's JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Who asks: a JWT; better in PUSHBRIDGE_TOKEN, which other users of this machine cannot see
    #[arg(long, value_name = "JWT")]
    token: Option<String>,
    /// Where the server is
    #[arg(long, value_name = "URL", default_value = DEFAULT_URL)]
    url: String,
    #[command(flatten)]
    place: Place,
}

/// A server, and who asks.
pub(super) struct Session {
    server: api::Server,
    token: String,
    workspace: Option<String>,
}

/// Does it.
pub(super) async fn run(args: PostsArgs, env: &Env) -> Result<(), CliError> {
    let common = match &args.verb {
        Verb::List(args) => &args.common,
        Verb::Schedule(args) => &args.common,
        Verb::Cancel(args) | Verb::Retry(args) | Verb::Approve(args) => &args.common,
    };
    let session = Session::new(common, env)?;
    let json = common.json;
    let answer = match args.verb {
        Verb::List(args) => session.list(&args).await?,
        Verb::Schedule(args) => session.schedule(args).await?,
        Verb::Cancel(args) => session.decide("posts", &args.id, "cancel", &Value::Null).await?,
        Verb::Retry(args) => session.decide("posts", &args.id, "retry", &Value::Null).await?,
        Verb::Approve(args) => session.decide("posts", &args.id, "approve", &Value::Null).await?,
    };
    let text = if json { format!("{answer:#}\n") } else { shown(&answer) };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

impl Session {
    pub(super) fn new(common: &Common, env: &Env) -> Result<Self, CliError> {
        let given = common.token.clone().or_else(|| env.get("PUSHBRIDGE_TOKEN").map(str::to_owned));
        let token = given.map_or_else(|| demo_token(&common.place, env), Ok)?;
        Ok(Self {
            server: api::Server::new(&common.url)?,
            token,
            workspace: common.workspace.clone(),
        })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, CliError> {
        self.server.send(request.bearer_auth(&self.token)).await
    }

    async fn list(&self, args: &ListArgs) -> Result<Value, CliError> {
        let mut query = vec![("limit", args.limit.to_string())];
        query.extend(args.status.iter().map(|status| ("status", status.clone())));
        let path = self.path("/api/posts", &query);
        self.send(self.server.get(&path)?).await
    }

    async fn schedule(&self, args: ScheduleArgs) -> Result<Value, CliError> {
        let accounts =
            if args.accounts.is_empty() { self.all_accounts().await? } else { args.accounts };
        let due = args.at.instant(Timestamp::now());
        let mut body = json!({ "text": args.text, "accounts": accounts, "scheduled_at": due.as_millisecond() });
        if let Some(workspace) = &self.workspace {
            body["workspace_id"] = workspace.as_str().into();
        }
        self.send(self.server.post("/api/posts", body.to_string())?).await
    }

    async fn all_accounts(&self) -> Result<Vec<String>, CliError> {
        let answer = self.send(self.server.get(&self.path("/api/accounts", &[]))?).await?;
        let accounts = answer["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let ids: Vec<String> =
            accounts.iter().filter_map(|it| it["id"].as_str()).map(str::to_owned).collect();
        if ids.is_empty() {
            return Err(CliError::refused(
                "The workspace has no account; connect one with POST /api/accounts first.",
            ));
        }
        Ok(ids)
    }

    /// Calls a verb of one thing; without a body if there is nothing to say.
    pub(super) async fn decide(
        &self,
        kind: &str,
        id: &str,
        verb: &str,
        body: &Value,
    ) -> Result<Value, CliError> {
        let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(self.server.post(&format!("/api/{kind}/{id}/{verb}"), body)?).await
    }

    fn path(&self, path: &str, query: &[(&str, String)]) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(query).extend_pairs(self.workspace.iter().map(|id| ("workspace_id", id)));
        format!("{path}?{}", text.finish())
    }
}

/// A token of the demo's user, if this is a demo.
fn demo_token(place: &Place, env: &Env) -> Result<String, CliError> {
    match Config::jwt(&place.flags(), env)? {
        (Mode::Demo, jwt) => token::made(&demo::user(), &jwt, TOKEN_TTL),
        (Mode::Configured, _) => Err(CliError::refused(
            "PUSHBRIDGE_TOKEN is missing; set it, for example to the output of \
             `pushbridge token --user ann --workspace acme`.",
        )),
    }
}

/// A list, or one post, as a table.
pub(super) fn shown(answer: &Value) -> String {
    let one = std::slice::from_ref(answer);
    let posts = answer["posts"].as_array().map_or(one, Vec::as_slice);
    if posts.is_empty() {
        return "No posts.\n".into();
    }
    let head = ["ID", "STATUS", "DUE", "PUBLISHED", "TEXT"].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(posts.iter().map(row)).collect();
    let more = answer["next_cursor"].is_string().then_some("There are more; use --limit.\n");
    format!("{}{}", term::table(&rows), more.unwrap_or_default())
}

fn row(post: &Value) -> Vec<String> {
    let text = |name: &str| term::plain(post[name].as_str().unwrap_or("-"));
    let total = post["accounts"].as_array().map_or(0, Vec::len);
    let published = post["progress"]["published"].as_u64().unwrap_or(0);
    let said = term::clip(&text("text"), TEXT_CHARS);
    vec![text("id"), text("status"), text("scheduled_at"), format!("{published}/{total}"), said]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_are_a_table_and_cannot_steer_the_terminal() {
        let posts = json!({ "posts": [
            { "id": "post_1", "status": "published", "scheduled_at": "2026-11-20T08:00:03.412Z",
              "text": "Hello \u{1b}[2J", "accounts": [{}, {}], "progress": { "published": 1 } },
            { "id": "post_22", "status": "draft", "text": "x".repeat(50), "accounts": [] },
        ], "next_cursor": "abc" });
        let expected = "\
ID       STATUS     DUE                       PUBLISHED  TEXT
post_1   published  2026-11-20T08:00:03.412Z  1/2        Hello  [2J
post_22  draft      -                         0/0        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
There are more; use --limit.
";
        assert_eq!(shown(&posts), expected);
        assert_eq!(shown(&json!({ "posts": [] })), "No posts.\n");
    }
}
