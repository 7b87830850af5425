//! What only the demo has: a receiver of webhooks and a token for whoever opens the page.

mod guard;
mod inbox;
mod set_up;
mod token;

use std::sync::Arc;

use auth::Secret;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use base64::prelude::{BASE64_STANDARD, Engine};
use hmac::{Hmac, KeyInit, Mac};
use identity::JwtRules;
use platforms::webhook::{Keys, KeysError};
use sha2::Sha256;

use inbox::Inbox;
pub(crate) use set_up::set_up;
pub(crate) use token::user;

/// The demo's user.
pub(crate) const USER: &str = "demo-user";
/// The workspace that user is a member of.
pub(crate) const WORKSPACE: &str = "demo";
/// The path of the receiver; the demo's account points at it.
pub(crate) const INBOX_PATH: &str = "/demo/inbox";
/// How long a demo token lasts, in seconds. A day: long enough for a page that stays open.
pub(crate) const TOKEN_TTL_S: u64 = 24 * 3600;

/// What the demo's routes share.
#[derive(Debug, Clone)]
pub(crate) struct DemoState {
    inbox: Arc<Inbox>,
    jwt_secret: Secret,
    rules: JwtRules,
}

impl DemoState {
    /// The demo of a server that signs tokens with `jwt_secret` and is reached at `base`, such as
    /// `http://127.0.0.1:6001`.
    ///
    /// # Errors
    /// Never with the secrets that [`webhook_secret`] makes.
    pub(crate) fn new(jwt_secret: Secret, rules: JwtRules, base: &str) -> Result<Self, KeysError> {
        let keys = Keys::parse(webhook_secret(&jwt_secret).reveal())?;
        let inbox = Arc::new(Inbox::new(keys, format!("{base}{INBOX_PATH}")));
        Ok(Self { inbox, jwt_secret, rules })
    }
}

/// The demo's routes. They answer only to requests that were meant for this machine.
pub(crate) fn router(state: DemoState) -> Router {
    Router::new()
        .route(INBOX_PATH, get(inbox::list).post(inbox::receive))
        .route("/demo/inbox/{id}", get(inbox::show))
        .route("/demo/token", post(token::issue))
        .layer(DefaultBodyLimit::max(platforms::webhook::PAYLOAD_BYTES))
        .layer(from_fn(guard::only_local))
        .with_state(state)
}

/// The secret that the demo's account and its receiver share: made from the secret of the data directory, so that both
/// know it after a restart too.
pub(crate) fn webhook_secret(jwt_secret: &Secret) -> posts::Secret {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(jwt_secret.expose()) else {
        unreachable!("HMAC takes a key of any length")
    };
    let key = mac.chain_update("demo inbox").finalize().into_bytes();
    posts::Secret::new(format!("whsec_{}", BASE64_STANDARD.encode(key)))
}

#[cfg(test)]
mod tests;
