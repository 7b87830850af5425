//! Threads: a container is made, then published. In one call (`auto_publish_text`) the container would be lost, and with
//! it the way to read back.

use outbound::Http;
use posts::{
    Account, Answer, Class, Credentials, DeliveryId, FieldError, Granted, NewAccount, OAuthAsk,
    OAuthGrant, OAuthRefusal, Picture, Post, Prepared, ReadBack, Refreshed, Request, Timestamp,
};
use unicode_segmentation::UnicodeSegmentation;

use crate::apis::ThreadsApi;
use crate::call::{Ask, json};
use crate::meta::TwoStep;
use crate::oauth::{App, Named};
use crate::read::Text;
use crate::{Platform, media, meta, oauth, text};

/// The platform's name in accounts.
pub const NAME: &str = "threads";
const WHO: &str = "Threads";
/// Longest text; an emoji counts its bytes (Threads API, "Limitations").
const CHARACTERS: usize = 500;
/// Most pictures of a carousel.
const IMAGES: usize = 20;
/// Largest picture in bytes.
const IMAGE_BYTES: u64 = 8 * 1024 * 1024;

/// The platform.
#[derive(Debug, Clone)]
pub struct Threads {
    http: Http,
    api: ThreadsApi,
}

impl Threads {
    /// The platform, speaking through this client.
    pub fn new(http: Http, api: ThreadsApi) -> Self {
        Self { http, api }
    }

    fn steps(&self) -> TwoStep<'_> {
        TwoStep {
            http: &self.http,
            who: WHO,
            base: format!("{}/{}", self.api.graph, self.api.version),
            edges: ["threads", "threads_publish", "threads_publishing_limit"],
            fields: ["text", "status"],
            kinds: true,
            app_secret: None,
        }
    }

    fn app(&self) -> Result<App<'_>, OAuthRefusal> {
        let client = self.api.client.as_ref();
        Ok(App {
            who: WHO,
            client: client.ok_or(OAuthRefusal::NotConfigured("platforms.threads.client"))?,
            authorize: format!("{}/oauth/authorize", self.api.web),
            token: format!("{}/oauth/access_token", self.api.graph),
            scope: "threads_basic,threads_content_publish",
            named: Named::InForm,
        })
    }
}

impl Platform for Threads {
    fn class(&self) -> Class {
        Class::Verifiable
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        crate::needs(account, "the account's number", "an access token")
    }

    fn check_text(&self, text: &str) -> Option<FieldError> {
        let length = length(text);
        let message = format!(
            "Threads takes {CHARACTERS} characters, where an emoji counts as several; this has {length}. Shorten it."
        );
        (length > CHARACTERS).then(|| FieldError::new("text", "too_long", message))
    }

    fn check_media(&self, pictures: &[Picture]) -> Vec<FieldError> {
        let types = &["image/jpeg", "image/png"];
        media::Limits { who: WHO, most: IMAGES, bytes: IMAGE_BYTES, types, ..media::ANY }
            .check(pictures)
    }

    fn fetches(&self) -> bool {
        true
    }

    fn freeze(&self, post: &Post, _: &DeliveryId) -> String {
        json(&Text { text: post.text.clone() })
    }

    async fn prepare(&self, request: Request<'_>) -> Prepared {
        self.steps().prepare(&request).await
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        self.steps().publish(&request).await
    }

    async fn read_back(&self, request: Request<'_>) -> ReadBack {
        self.steps().read_back(&request).await
    }

    async fn refresh(&self, _: &Account, old: &Credentials, now: Timestamp) -> Refreshed {
        let url = format!("{}/refresh_access_token", self.api.graph);
        meta::refresh(&self.http, WHO, url, "th_refresh_token", old, now).await
    }

    fn authorize_url(&self, ask: OAuthAsk<'_>) -> Result<String, OAuthRefusal> {
        Ok(self.app()?.authorize_url(ask))
    }

    /// A code gives a token of an hour, which gives one of 60 days.
    async fn exchange(&self, grant: OAuthGrant<'_>) -> Result<Vec<Granted>, OAuthRefusal> {
        let app = self.app()?;
        let short = app.tokens(&self.http, grant).await?;
        let mut ask = Ask::get(format!("{}/access_token", self.api.graph))
            .query("grant_type", "th_exchange_token")
            .query("access_token", short.secret().reveal());
        if let Some(secret) = &app.client.secret {
            ask = ask.query("client_secret", secret.reveal());
        }
        let credentials = meta::long_lived(&self.http, WHO, ask, grant.now).await?;
        let url = format!("{}/{}/me", self.api.graph, self.api.version);
        let ask = Ask::get(url).query("fields", "id,username").bearer(credentials.secret());
        let said = oauth::tell(&self.http, WHO, ask, grant.now).await?;
        let body = said.json();
        let remote_id = meta::id_of(&body["id"]).ok_or_else(|| oauth::not_granted(WHO, &said))?;
        let name = body["username"].as_str().map_or(remote_id.clone(), |name| format!("@{name}"));
        Ok(vec![Granted { remote_id, name, url: String::new(), credentials }])
    }
}

/// Characters as Threads counts them.
fn length(text: &str) -> usize {
    let one = |it: &str| if text::is_emoji(it) { it.len() } else { it.chars().count() };
    text.graphemes(true).map(one).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_count_their_bytes() {
        for (text, expected) in [("abcé漢", 5), ("😀", 4), ("👍🏽a", 9), ("🇩🇪", 8)] {
            assert_eq!(length(text), expected, "{text}");
        }
    }
}
