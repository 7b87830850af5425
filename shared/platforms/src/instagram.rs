//! Instagram, professional accounts: a container is made and checked, then published.

use outbound::Http;
use posts::{
    Account, Answer, Class, Credentials, DeliveryId, FieldError, Granted, NewAccount, OAuthAsk,
    OAuthGrant, OAuthRefusal, Picture, Post, Prepared, ReadBack, Refreshed, Request, Timestamp,
};

use crate::apis::MetaApi;
use crate::call::{Ask, json};
use crate::meta::TwoStep;
use crate::oauth::{App, Named};
use crate::read::Text;
use crate::{Platform, media, meta, oauth, text};

/// The platform's name in accounts.
pub const NAME: &str = "instagram";
const WHO: &str = "Instagram";
/// Longest caption in characters (Instagram API, "Media").
const CHARACTERS: usize = 2_200;
/// Most hash tags of a caption.
const TAGS: usize = 30;
/// Most mentions of a caption.
const MENTIONS: usize = 20;
/// Most pictures of a carousel.
const IMAGES: usize = 10;
/// Largest picture in bytes.
const IMAGE_BYTES: u64 = 8 * 1024 * 1024;
/// Ratios of width to height that are taken: from 4:5 to 1.91:1.
const RATIOS: std::ops::RangeInclusive<f64> = 0.8..=1.91;

/// The platform.
#[derive(Debug, Clone)]
pub struct Instagram {
    http: Http,
    api: MetaApi,
}

impl Instagram {
    /// The platform, speaking through this client.
    pub fn new(http: Http, api: MetaApi) -> Self {
        Self { http, api }
    }

    /// Accounts that were connected by Instagram's own login have its API, others that of their page's.
    fn steps(&self, request: &Request<'_>) -> TwoStep<'_> {
        let own = request.account.url == self.api.instagram;
        let base = if own { &self.api.instagram } else { &self.api.graph };
        TwoStep {
            http: &self.http,
            who: WHO,
            base: format!("{base}/{}", self.api.version),
            edges: ["media", "media_publish", "content_publishing_limit"],
            fields: ["caption", "status_code"],
            kinds: false,
            app_secret: self.api.app_secret.as_ref().filter(|_| !own),
        }
    }

    fn app(&self) -> Result<App<'_>, OAuthRefusal> {
        let client = self.api.instagram_client.as_ref();
        Ok(App {
            who: WHO,
            client: client.ok_or(OAuthRefusal::NotConfigured("platforms.meta.instagram_client"))?,
            authorize: format!("{}/oauth/authorize", self.api.instagram_web),
            token: format!("{}/oauth/access_token", self.api.instagram_login),
            scope: "instagram_business_basic,instagram_business_content_publish",
            named: Named::InForm,
        })
    }
}

impl Platform for Instagram {
    fn class(&self) -> Class {
        Class::Verifiable
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        crate::needs(account, "the account's number", "an access token")
    }

    fn check_text(&self, text: &str) -> Option<FieldError> {
        let checks = [
            (text::graphemes(text), CHARACTERS, "characters", "too_long"),
            (text::tags(text).len(), TAGS, "hash tags", "too_many_tags"),
            (text::mentions(text).len(), MENTIONS, "mentions", "too_many_mentions"),
        ];
        let (count, most, what, code) =
            checks.into_iter().find(|(count, most, ..)| count > most)?;
        let message = format!("Instagram takes {most} {what}; this has {count}. Shorten it.");
        Some(FieldError::new("text", code, message))
    }

    fn check_media(&self, pictures: &[Picture]) -> Vec<FieldError> {
        let types = &["image/jpeg"];
        let limits = media::Limits {
            who: WHO,
            least: 1,
            most: IMAGES,
            bytes: IMAGE_BYTES,
            types,
            ..media::ANY
        };
        let mut errors = limits.check(pictures);
        for (at, it) in pictures.iter().enumerate() {
            if !RATIOS.contains(&(f64::from(it.width) / f64::from(it.height))) {
                let message = "Instagram takes pictures between 4:5 and 1.91:1. Crop it.";
                errors.push(FieldError::new(format!("media[{at}]"), "ratio", message));
            }
        }
        errors
    }

    fn fetches(&self) -> bool {
        true
    }

    fn freeze(&self, post: &Post, _: &DeliveryId) -> String {
        json(&Text { text: post.text.clone() })
    }

    async fn prepare(&self, request: Request<'_>) -> Prepared {
        self.steps(&request).prepare(&request).await
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        self.steps(&request).publish(&request).await
    }

    async fn read_back(&self, request: Request<'_>) -> ReadBack {
        self.steps(&request).read_back(&request).await
    }

    async fn refresh(&self, _: &Account, old: &Credentials, now: Timestamp) -> Refreshed {
        let url = format!("{}/refresh_access_token", self.api.instagram);
        meta::refresh(&self.http, WHO, url, "ig_refresh_token", old, now).await
    }

    fn authorize_url(&self, ask: OAuthAsk<'_>) -> Result<String, OAuthRefusal> {
        Ok(self.app()?.authorize_url(ask))
    }

    /// A code gives a token of an hour, which gives one of 60 days.
    async fn exchange(&self, grant: OAuthGrant<'_>) -> Result<Vec<Granted>, OAuthRefusal> {
        let app = self.app()?;
        let short = app.tokens(&self.http, grant).await?;
        let mut ask = Ask::get(format!("{}/access_token", self.api.instagram))
            .query("grant_type", "ig_exchange_token")
            .query("access_token", short.secret().reveal());
        if let Some(secret) = &app.client.secret {
            ask = ask.query("client_secret", secret.reveal());
        }
        let credentials = meta::long_lived(&self.http, WHO, ask, grant.now).await?;
        let url = format!("{}/{}/me", self.api.instagram, self.api.version);
        let ask = Ask::get(url).query("fields", "user_id,username").bearer(credentials.secret());
        let said = oauth::tell(&self.http, WHO, ask, grant.now).await?;
        let body = said.json();
        let remote_id =
            meta::id_of(&body["user_id"]).ok_or_else(|| oauth::not_granted(WHO, &said))?;
        let name = body["username"].as_str().map_or(remote_id.clone(), |name| format!("@{name}"));
        Ok(vec![Granted { remote_id, name, url: self.api.instagram.clone(), credentials }])
    }
}
