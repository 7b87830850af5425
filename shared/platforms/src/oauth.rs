//! OAuth 2.0 as the platforms speak it (RFC 6749, with PKCE by RFC 7636).

use std::time::Duration;

use outbound::Http;
use posts::{
    Credentials, OAuthAsk, OAuthGrant, OAuthRefusal, Outcome, Refreshed, Secret, Timestamp,
};
use serde::Deserialize;

use crate::apis::Client;
use crate::call::{Ask, Missed, Said, reconnect};

/// Most accounts of one grant that are connected. Ours: whoever has more connects them one by one.
pub(crate) const MOST: usize = 25;

/// A token endpoint's answer (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Tokens {
    access_token: Secret,
    #[serde(default)]
    refresh_token: Option<Secret>,
    #[serde(default)]
    expires_in: Option<u64>,
}

/// How an app names itself to its token endpoint (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// By HTTP Basic, where it has a secret.
    InHeader,
    /// In the form.
    InForm,
}

/// An app that is registered with a platform, and the platform's two endpoints.
pub(crate) struct App<'a> {
    pub(crate) who: &'static str,
    pub(crate) client: &'a Client,
    /// Where a person grants access.
    pub(crate) authorize: String,
    /// Where codes and refresh tokens become tokens.
    pub(crate) token: String,
    pub(crate) scope: &'static str,
    pub(crate) named: Named,
}

impl App<'_> {
    /// Where a person grants access to this app.
    pub(crate) fn authorize_url(&self, ask: OAuthAsk<'_>) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client.id)
            .append_pair("redirect_uri", ask.redirect_uri)
            .append_pair("scope", self.scope)
            .append_pair("state", ask.state)
            .append_pair("code_challenge", ask.code_challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        format!("{}?{query}", self.authorize)
    }

    /// The answer to a code.
    pub(crate) async fn exchange(
        &self,
        http: &Http,
        grant: OAuthGrant<'_>,
    ) -> Result<Said, OAuthRefusal> {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", grant.code.reveal()),
            ("redirect_uri", grant.redirect_uri),
            ("code_verifier", grant.code_verifier.reveal()),
        ];
        let said = self.ask(&pairs).send(http, grant.now.seconds()).await;
        match said.map_err(|missed| OAuthRefusal::NotGranted(why(missed)))? {
            said if said.ok() => Ok(said),
            said => Err(not_granted(self.who, &said)),
        }
    }

    /// The credentials for a code.
    pub(crate) async fn tokens(
        &self,
        http: &Http,
        grant: OAuthGrant<'_>,
    ) -> Result<Credentials, OAuthRefusal> {
        let said = self.exchange(http, grant).await?;
        granted(&said, grant.now).ok_or_else(|| not_granted(self.who, &said))
    }

    /// New tokens for a refresh token.
    pub(crate) async fn refresh(
        &self,
        http: &Http,
        old: &Credentials,
        now: Timestamp,
    ) -> Refreshed {
        let Credentials::Tokens { refresh: Some(token), .. } = old else {
            return Refreshed::NotOffered;
        };
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.reveal())];
        refresh(http, self.who, self.ask(&pairs), now).await
    }

    fn ask(&self, pairs: &[(&str, &str)]) -> Ask {
        let Client { id, secret } = self.client;
        let ask = Ask::post(&self.token);
        match secret {
            Some(secret) if self.named == Named::InHeader => ask.basic(id, secret).form(pairs),
            Some(secret) => {
                let own = [("client_id", id.as_str()), ("client_secret", secret.reveal())];
                ask.form(&[pairs, &own].concat())
            }
            None => ask.form(&[pairs, &[("client_id", id.as_str())]].concat()),
        }
    }
}

/// What a call with new tokens tells, such as whose they are.
pub(crate) async fn tell(
    http: &Http,
    who: &str,
    ask: Ask,
    now: Timestamp,
) -> Result<Said, OAuthRefusal> {
    match ask.send(http, now.seconds()).await {
        Ok(said) if said.ok() => Ok(said),
        Ok(said) => Err(not_granted(who, &said)),
        Err(missed) => Err(OAuthRefusal::NotGranted(why(missed))),
    }
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
pub(crate) fn not_granted(who: &str, said: &Said) -> OAuthRefusal {
    OAuthRefusal::NotGranted(format!(
        "{who} did not grant access (status {}). Connect the account again.",
        said.status
    ))
}
