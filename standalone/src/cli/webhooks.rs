//! `pushbridge webhooks`: list, show and replay dead letters.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::operator::{Common, KEY_HELP, Operator, segment};
use super::{CliError, term};
use crate::config::Env;

const EXAMPLES: &str = "\
A webhook that no attempt of five minutes could deliver is kept for 30 days.

Examples:
  pushbridge webhooks list
  pushbridge webhooks list --app 7 --json
  pushbridge webhooks show hook_0000019bd0
  pushbridge webhooks replay hook_0000019bd0";

/// Characters of a reason in the table.
const WHY_CHARS: usize = 60;

/// What to do with dead letters.
#[derive(Debug, Args)]
#[command(after_help = format!("{KEY_HELP}{EXAMPLES}"))]
pub(crate) struct WebhooksArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List what was given up, the youngest first
    #[command(
        after_help = "Examples:\n  pushbridge webhooks list\n  pushbridge webhooks list --app 7"
    )]
    List(ListArgs),
    /// Show one with its events, as JSON
    #[command(after_help = "Example:\n  pushbridge webhooks show hook_0000019bd0")]
    Show(One),
    /// Send one again, and try for another five minutes
    #[command(after_help = "Example:\n  pushbridge webhooks replay hook_0000019bd0")]
    Replay(One),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only those of this app
    #[arg(long, value_name = "ID")]
    app: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct One {
    /// The delivery's id
    id: String,
    #[command(flatten)]
    common: Common,
}

/// Does it.
pub(super) async fn run(args: WebhooksArgs, env: &Env) -> Result<(), CliError> {
    let base = "/api/admin/webhooks";
    let (common, path) = match &args.verb {
        Verb::List(args) => {
            let of_app = args.app.as_ref().map(|id| format!("?app_id={}", segment(id)));
            (&args.common, format!("{base}{}", of_app.unwrap_or_default()))
        }
        Verb::Show(args) => (&args.common, format!("{base}/{}", segment(&args.id))),
        Verb::Replay(args) => (&args.common, format!("{base}/{}/replay", segment(&args.id))),
    };
    let operator = Operator::new(common, env)?;
    let answer = match &args.verb {
        Verb::List(_) | Verb::Show(_) => operator.get(&path).await?,
        Verb::Replay(_) => operator.post(&path, String::new()).await?,
    };
    let whole = common.json || matches!(args.verb, Verb::Show(_));
    let text = if whole { format!("{answer:#}\n") } else { shown(&answer) };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Dead letters as a table.
fn shown(answer: &Value) -> String {
    let one = std::slice::from_ref(answer);
    let webhooks = answer["webhooks"].as_array().map_or(one, Vec::as_slice);
    if webhooks.is_empty() {
        return "No dead letters.\n".into();
    }
    let head = ["ID", "APP", "EVENTS", "ATTEMPTS", "GIVEN UP", "WHY"].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(webhooks.iter().map(row)).collect();
    term::table(&rows)
}

fn row(dead: &Value) -> Vec<String> {
    let text = |name: &str| term::plain(dead[name].as_str().unwrap_or("-"));
    let number = |name: &str| dead[name].as_u64().unwrap_or(0).to_string();
    let why = term::clip(&text("why"), WHY_CHARS);
    vec![
        text("id"),
        text("app_id"),
        number("event_count"),
        number("attempts"),
        text("given_up_at"),
        why,
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dead_letters_are_a_table() {
        let dead = json!({
            "id": "hook_1", "app_id": "7", "event_count": 2, "attempts": 10,
            "given_up_at": "2026-11-20T08:00:00.000Z", "why": "The receiver answered with status 500.",
        });
        assert_eq!(
            shown(&json!({ "webhooks": [dead] })),
            "\
ID      APP  EVENTS  ATTEMPTS  GIVEN UP                  WHY
hook_1  7    2       10        2026-11-20T08:00:00.000Z  The receiver answered with status 500.
"
        );
        assert_eq!(shown(&json!({ "webhooks": [] })), "No dead letters.\n");
    }
}
