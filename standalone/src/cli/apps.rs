//! `pushbridge apps`: list, make, switch and re-key apps.

mod settings;

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::Value;

use self::settings::{Clear, Settings};
use super::operator::{Common, KEY_HELP, Operator, segment};
use super::{CliError, term};
use crate::config::Env;

const EXAMPLES: &str = "\
Apps of the configuration are listed and shown here, and changed there.

Examples:
  pushbridge apps list
  pushbridge apps create --id 7 --name Chat --client-events
  pushbridge apps edit 7 --client-events=false --limit connections=500
  pushbridge apps rotate-key 7
  pushbridge apps remove-key 7 0f3c5a81d2e94b7760aa
  pushbridge apps disable 7";

const CREATE_EXAMPLES: &str = "\
The secret is printed once, and never again.

Examples:
  pushbridge apps create --name Chat
  pushbridge apps create --id 7 --client-events --origin https://app.example.com \\
    --user-prefix private-chat- --webhook https://app.example.com/pusher-hooks";

const EDIT_EXAMPLES: &str = "\
What is not named stays as it is; lists are replaced as a whole. Open connections
see the app as it is then.

Examples:
  pushbridge apps edit 7 --name Chat --client-events
  pushbridge apps edit 7 --history private-log-:100:300 --limit watchlist=50
  pushbridge apps edit 7 --clear origins --clear webhooks";

/// What to do with apps.
#[derive(Debug, Args)]
#[command(after_help = format!("{KEY_HELP}{EXAMPLES}"))]
pub(crate) struct AppsArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List all apps
    #[command(after_help = "Examples:\n  pushbridge apps list\n  pushbridge apps list --json")]
    List(Plain),
    /// Make an app with its first key
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Box<CreateArgs>),
    /// Change an app
    #[command(after_help = EDIT_EXAMPLES)]
    Edit(Box<EditArgs>),
    /// Show an app, without its secrets
    #[command(after_help = "Example:\n  pushbridge apps show 7")]
    Show(One),
    /// Give an app a new key; the old ones stay good until they are removed
    #[command(after_help = "Example:\n  pushbridge apps rotate-key 7")]
    RotateKey(One),
    /// Take a key from an app
    #[command(after_help = "Example:\n  pushbridge apps remove-key 7 0f3c5a81d2e94b7760aa")]
    RemoveKey(RemoveKeyArgs),
    /// Switch an app off: its connections end, and its requests are refused
    #[command(after_help = "Example:\n  pushbridge apps disable 7")]
    Disable(One),
    /// Switch an app on
    #[command(after_help = "Example:\n  pushbridge apps enable 7")]
    Enable(One),
}

#[derive(Debug, Args)]
struct Plain {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct One {
    /// The app's id
    id: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct RemoveKeyArgs {
    /// The app's id
    id: String,
    /// The key
    key: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// Its id [default: a number that is drawn]
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct EditArgs {
    /// The app's id
    id: String,
    #[command(flatten)]
    settings: Settings,
    /// Give this its usual value again; may be repeated
    #[arg(long, value_name = "WHAT")]
    clear: Vec<Clear>,
    #[command(flatten)]
    common: Common,
}

impl Verb {
    fn common(&self) -> &Common {
        match self {
            Self::List(args) => &args.common,
            Self::Create(args) => &args.common,
            Self::Edit(args) => &args.common,
            Self::Show(args) | Self::RotateKey(args) | Self::Disable(args) | Self::Enable(args) => {
                &args.common
            }
            Self::RemoveKey(args) => &args.common,
        }
    }
}

/// Does it.
pub(super) async fn run(args: AppsArgs, env: &Env) -> Result<(), CliError> {
    let operator = Operator::new(args.verb.common(), env)?;
    let json = args.verb.common().json;
    let base = "/api/admin/apps";
    let at = |id: &str, rest: &str| format!("{base}/{}{rest}", segment(id));
    let answer = match &args.verb {
        Verb::List(_) => operator.get(base).await?,
        Verb::Create(args) => operator.post(base, new(args)?.to_string()).await?,
        Verb::Edit(args) => operator.patch(&at(&args.id, ""), patch(args)?.to_string()).await?,
        Verb::Show(args) => operator.get(&at(&args.id, "")).await?,
        Verb::RotateKey(args) => operator.post(&at(&args.id, "/keys"), String::new()).await?,
        Verb::RemoveKey(args) => {
            let key = format!("/keys/{}", segment(&args.key));
            operator.delete(&at(&args.id, &key)).await?
        }
        Verb::Disable(args) => operator.post(&at(&args.id, "/disable"), String::new()).await?,
        Verb::Enable(args) => operator.post(&at(&args.id, "/enable"), String::new()).await?,
    };
    let text = if json { format!("{answer:#}\n") } else { shown(&answer) };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn new(args: &CreateArgs) -> Result<Value, CliError> {
    let mut body = args.settings.body()?;
    if let Some(id) = &args.id {
        body.insert("id".into(), id.as_str().into());
    }
    Ok(body.into())
}

fn patch(args: &EditArgs) -> Result<Value, CliError> {
    let mut body = args.settings.body()?;
    for (field, usual) in args.clear.iter().map(|it| it.field()) {
        body.insert(field.into(), usual);
    }
    if body.is_empty() {
        return Err(CliError::refused("Name what is to change, for example --name Chat."));
    }
    Ok(body.into())
}

/// Apps as a table; below it the key that was just made.
fn shown(answer: &Value) -> String {
    let one = match &answer["app"] {
        Value::Null => answer,
        app => app,
    };
    let apps = answer["apps"].as_array().map_or(std::slice::from_ref(one), Vec::as_slice);
    let head = ["ID", "NAME", "STATE", "FROM", "KEYS", "WEBHOOKS"].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(apps.iter().map(row)).collect();
    let mut text = term::table(&rows);
    if let (Some(key), Some(secret)) =
        (answer["fresh"]["key"].as_str(), answer["fresh"]["secret"].as_str())
    {
        text += &format!("\nkey     {}\nsecret  {}\n", term::plain(key), term::plain(secret));
        text += "The secret is not shown again.\n";
    }
    text
}

fn row(app: &Value) -> Vec<String> {
    let text = |name: &str| term::plain(app[name].as_str().unwrap_or("-"));
    let list = |name: &str| app[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let keys: Vec<_> = list("keys").iter().filter_map(Value::as_str).map(term::plain).collect();
    let state = if app["enabled"] == true { "on" } else { "off" };
    let webhooks = list("webhooks").len().to_string();
    vec![text("id"), text("name"), state.into(), text("source"), keys.join(","), webhooks]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn apps_are_a_table_and_a_new_secret_stands_below() {
        let app = json!({
            "id": "7", "name": "Chat\u{1b}[2J", "source": "table", "enabled": false,
            "keys": ["new", "old"], "webhooks": [{}],
        });
        let table = "\
ID  NAME      STATE  FROM   KEYS     WEBHOOKS
7   Chat [2J  off    table  new,old  1
";
        assert_eq!(shown(&json!({ "apps": [app] })), table);
        assert_eq!(shown(&app), table);
        let fresh = json!({ "app": app, "fresh": { "key": "new", "secret": "hush" } });
        let below = "\nkey     new\nsecret  hush\nThe secret is not shown again.\n";
        assert_eq!(shown(&fresh), format!("{table}{below}"));
    }
}
