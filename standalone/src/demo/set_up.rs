//! What the demo needs before it is shown: an account that posts can go to, and a token.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use identity::mint;
use posts::{BadId, Caller, NewAccount, UserId, WorkspaceId};
use publishing::{Announcer, PublishTo, Publishing, Refusal};

use super::{DemoState, INBOX_PATH, TOKEN_TTL_S, USER, WORKSPACE, user, webhook_secret};
use crate::config::{JwtConfig, JwtKeys};
use crate::serve::ServeError;
use crate::ticker::now;

/// A demo that is ready.
pub(crate) struct Demo {
    /// For its routes.
    pub(crate) state: DemoState,
    /// A token of the demo's user.
    pub(crate) token: String,
    /// The account whose posts arrive in the demo's inbox.
    pub(crate) account_id: String,
}

/// Makes the demo's account, unless an earlier start did, and a token.
///
/// # Errors
/// When the data cannot be written.
pub(crate) async fn set_up<P: PublishTo, A: Announcer>(
    jwt: &JwtConfig,
    address: SocketAddr,
    publishing: &Publishing<P, A>,
) -> Result<Demo, ServeError> {
    let JwtKeys::Secret(secret) = &jwt.keys else {
        return Err(ServeError::Demo("it signs its tokens with a secret".into()));
    };
    let trouble = |error: &dyn std::fmt::Display| ServeError::Demo(error.to_string());
    let base = format!("http://{address}");
    let state =
        DemoState::new(secret.clone(), jwt.rules.clone(), &base).map_err(|e| trouble(&e))?;
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let token =
        mint(&user(), secret.expose(), &jwt.rules, TOKEN_TTL_S, now_s).map_err(|e| trouble(&e))?;

    let caller = caller().map_err(|e| trouble(&e))?;
    let url = format!("{base}{INBOX_PATH}");
    let known = publishing.list_accounts(&caller, None).await.map_err(refused)?;
    let account = match known.into_iter().find(|account| account.url == url) {
        Some(account) => account,
        None => {
            let new = NewAccount {
                remote_id: String::new(),
                workspace_id: None,
                platform: platforms::webhook::NAME.into(),
                name: "Demo inbox".into(),
                url,
                secret: webhook_secret(secret),
            };
            publishing.connect_account(&caller, new, now()).await.map_err(refused)?
        }
    };
    Ok(Demo { state, token, account_id: account.id.to_string() })
}

fn caller() -> Result<Caller, BadId> {
    let workspaces = vec![WorkspaceId::parse(WORKSPACE)?];
    Ok(Caller { user_id: UserId::parse(USER)?, workspaces })
}

fn refused(refusal: Refusal) -> ServeError {
    ServeError::Demo(format!("its account was refused ({refusal:?})"))
}
