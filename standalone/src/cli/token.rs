//! `pushbridge token`: make a JWT.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use identity::{User, Workspace, WorkspaceId, mint};
use protocol::UserId;

use super::{CliError, Place, term};
use crate::config::{Config, Env, JwtConfig, JwtKeys};

const EXAMPLES: &str = "\
The token is signed with JWT_SECRET, or with the demo's own secret if nothing
is configured. Only the token is printed.

Examples:
  pushbridge token --user ann --workspace acme
  pushbridge token --user ann --workspace acme --workspace beta --ttl 7d
  TOKEN=$(pushbridge token --user ann --workspace acme)
  curl http://127.0.0.1:6001/api/posts -H \"Authorization: Bearer $TOKEN\"";

/// Whose token, and for how long.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TokenArgs {
    /// The user's id
    #[arg(long, value_name = "ID", value_parser = id)]
    user: String,
    /// A workspace that the user is a member of; may be repeated
    #[arg(long = "workspace", value_name = "ID", value_parser = id)]
    workspaces: Vec<String>,
    /// How long it lasts: 90s, 15m, 2h or 7d
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = term::duration)]
    ttl: Duration,
    #[command(flatten)]
    place: Place,
}

/// Longest id in bytes, as the posts' rules have it.
const ID_BYTES: usize = posts::limits::ID_BYTES;

fn id(text: &str) -> Result<String, String> {
    let good = (1..=ID_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
    good.then(|| text.to_owned()).ok_or_else(|| format!("an id has 1 to {ID_BYTES} bytes"))
}

/// Prints a token.
pub(super) fn run(args: &TokenArgs, env: &Env) -> Result<(), CliError> {
    let (_, jwt) = Config::jwt(&args.place.flags(), env)?;
    let workspace = |id: &String| Workspace { id: WorkspaceId::new(id.as_str()), role: None };
    let user = User {
        id: UserId::new(args.user.as_str()),
        info: None,
        workspaces: args.workspaces.iter().map(workspace).collect(),
    };
    let token = made(&user, &jwt, args.ttl)?;
    writeln!(std::io::stdout(), "{token}")?;
    Ok(())
}

/// Makes a token that lasts `ttl` from now.
pub(super) fn made(user: &User, jwt: &JwtConfig, ttl: Duration) -> Result<String, CliError> {
    let JwtKeys::Secret(secret) = &jwt.keys else {
        return Err(CliError::refused(
            "Tokens are signed by the service behind JWT_JWKS_URL; ask it for one, or set JWT_SECRET instead.",
        ));
    };
    let now_s = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
    mint(user, secret.expose(), &jwt.rules, ttl.as_secs(), now_s).map_err(|_| {
        CliError::refused("JWT_SECRET cannot sign; use the output of `openssl rand -hex 32`.")
    })
}
