//! OAuth 2.0 as the platforms speak it (RFC 6749, with PKCE by RFC 7636).

use std::time::Duration;

use outbound::Http;
use posts::{Credentials, OAuthAsk, Outcome, Refreshed, Secret, Timestamp};
use serde::Deserialize;

use crate::apis::Client;
use crate::call::{Ask, Missed, Said, reconnect};

/// A token endpoint's answer (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Tokens {
    access_token: Secret,
    #[serde(default)]
    refresh_token: Option<Secret>,
    #[serde(default)]
    expires_in: Option<u64>,
}

/// Where a person grants `scope` to `client`.
pub(crate) fn authorize_url(
    endpoint: &str,
    client: &Client,
    scope: &str,
    ask: OAuthAsk<'_>,
) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", ask.redirect_uri)
        .append_pair("scope", scope)
        .append_pair("state", ask.state)
        .append_pair("code_challenge", ask.code_challenge)
        .append_pair("code_challenge_method", "S256")
        .finish();
    format!("{endpoint}?{query}")
}

/// The credentials in a token endpoint's answer, given at `now`.
pub(crate) fn granted(said: &Said, now: Timestamp) -> Option<Credentials> {
    let tokens: Tokens = said.ok().then(|| said.read())??;
    let usable = |token: &Secret| !token.reveal().is_empty();
    usable(&tokens.access_token).then(|| Credentials::Tokens {
        access: tokens.access_token,
        refresh: tokens.refresh_token.filter(usable),
        issued_at: now,
        expires_at: tokens.expires_in.map(|s| now.plus(Duration::from_secs(s))),
    })
}

/// Asks a token endpoint for new tokens.
pub(crate) async fn refresh(http: &Http, who: &str, ask: Ask, now: Timestamp) -> Refreshed {
    let said = match ask.send(http, now.seconds()).await {
        Ok(said) => said,
        Err(missed) => return Refreshed::Unavailable { message: why(missed) },
    };
    if let Some(credentials) = granted(&said, now) {
        return Refreshed::Renewed(credentials);
    }
    let body = said.json();
    // RFC 6749, section 5.2; Meta says it with its own code 190.
    let revoked = body["error"] == "invalid_grant" || body["error"]["code"] == 190;
    if revoked || said.status == 401 {
        Refreshed::Revoked { message: reconnect(who) }
    } else {
        Refreshed::Unavailable { message: format!("{who} answered with status {}.", said.status) }
    }
}

/// The sentence of a call that came to nothing.
pub(crate) fn why(missed: Missed) -> String {
    match Outcome::from(missed) {
        Outcome::Refused { message, .. }
        | Outcome::NotSent { message, .. }
        | Outcome::RateLimited { message, .. }
        | Outcome::Unknown { message } => message,
        Outcome::Published { .. } => String::new(),
    }
}

/// What an exchange says of an answer that brings no tokens or no account.
pub(crate) fn not_granted(who: &str, said: &Said) -> String {
    format!("{who} did not grant access (status {}). Connect the account again.", said.status)
}
