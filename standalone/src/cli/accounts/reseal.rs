//! `pushbridge accounts reseal`: all that is sealed, page by page, through the admin routes.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use super::super::operator::{Common, Operator, segment};
use super::super::{CliError, tables};
use crate::config::Env;

const PATH: &str = "/api/admin/accounts/reseal";

#[derive(Debug, Args)]
pub(super) struct ResealArgs {
    #[command(flatten)]
    common: Common,
}

/// Does it, and prints what it came to. Fails after that if something cannot be read.
pub(super) async fn run(args: &ResealArgs, env: &Env) -> Result<(), CliError> {
    let operator = Operator::new(&args.common, env)?;
    let (mut resealed, mut already, mut unreadable) = (0, 0, Vec::new());
    let mut cursor: Option<String> = None;
    loop {
        let query = cursor.map(|it| format!("?cursor={}", segment(&it))).unwrap_or_default();
        let page = operator.post(&format!("{PATH}{query}"), String::new()).await?;
        resealed += page["resealed"].as_u64().unwrap_or(0);
        already += page["already"].as_u64().unwrap_or(0);
        unreadable.extend(page["unreadable"].as_array().into_iter().flatten().cloned());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    let lost = unreadable.len();
    let all: Value = json!({ "resealed": resealed, "already": already, "unreadable": unreadable });
    let text = if args.common.json { format!("{all:#}\n") } else { tables::resealed(&all) };
    std::io::stdout().write_all(text.as_bytes())?;
    if lost > 0 {
        return Err(CliError::refused(format!(
            "{lost} of the accounts open under no key that the server has. Give it the key that sealed them, or connect them again."
        )));
    }
    Ok(())
}
