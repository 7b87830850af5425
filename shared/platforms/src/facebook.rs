//! Facebook pages, by the Graph API.

use std::time::Duration;

use outbound::Http;
use posts::{
    Account, Answer, Class, Credentials, DeliveryId, FieldError, Granted, NewAccount, OAuthAsk,
    OAuthGrant, OAuthRefusal, Outcome, Picture, Post, Prepared, ReadBack, Refreshed, Request,
    Secret, Timestamp,
};
use serde_json::{Value, json};

use crate::apis::MetaApi;
use crate::call::{Ask, json, no_id, reconnect};
use crate::oauth::{App, Named};
use crate::read::Text;
use crate::{Platform, gate, media, meta, oauth, text};

/// The platform's name in accounts.
pub const NAME: &str = "facebook";
const WHO: &str = "Facebook";
/// Longest text in characters.
const CHARACTERS: usize = 63_206;
/// Most pictures of a post. Ours: what every platform takes that takes several.
const IMAGES: usize = 10;
/// Largest picture in bytes (Graph API, "Page photos").
const IMAGE_BYTES: u64 = 4 * 1024 * 1024;
/// How long a person's token lives if it does not say: 60 days (Facebook Login, "Long-lived tokens").
const PERSON_LIFE: Duration = Duration::from_secs(60 * 24 * 3600);
/// How many posts are read back.
const READ: &str = "20";

/// The platform.
#[derive(Debug, Clone)]
pub struct Facebook {
    http: Http,
    api: MetaApi,
}

impl Facebook {
    /// The platform, speaking through this client.
    pub fn new(http: Http, api: MetaApi) -> Self {
        Self { http, api }
    }

    fn url(&self, request: &Request<'_>, edge: &str) -> String {
        let MetaApi { graph, version, .. } = &self.api;
        format!("{graph}/{version}/{}/{edge}", request.account.remote_id)
    }

    /// A body with the proof that the app sends it, if its secret is known.
    fn proven(&self, mut body: Value, request: &Request<'_>) -> Value {
        if let Some(secret) = &self.api.app_secret {
            body["appsecret_proof"] = meta::proof(secret, request.secret).into();
        }
        body
    }
}

impl Facebook {
    fn app(&self) -> Result<App<'_>, OAuthRefusal> {
        let MetaApi { graph, web, version, client, .. } = &self.api;
        Ok(App {
            who: WHO,
            client: client.as_ref().ok_or(OAuthRefusal::NotConfigured("platforms.meta.client"))?,
            authorize: format!("{web}/{version}/dialog/oauth"),
            token: format!("{graph}/{version}/oauth/access_token"),
            scope: "pages_show_list,pages_read_engagement,pages_manage_posts",
            named: Named::InForm,
        })
    }

    /// The call that gives a person's token of 60 days for a younger one.
    fn extend(&self, app: &App<'_>, token: &Secret) -> Ask {
        let ask = Ask::get(&app.token)
            .query("grant_type", "fb_exchange_token")
            .query("client_id", &app.client.id)
            .query("fb_exchange_token", token.reveal());
        match &app.client.secret {
            Some(secret) => ask.query("client_secret", secret.reveal()),
            None => ask,
        }
    }

    fn node(&self, node: &str) -> Ask {
        Ask::get(format!("{}/{}/{node}", self.api.graph, self.api.version))
    }
}

/// A page's token, which lives as long as its person's: that one renews it.
fn of_page(token: &str, person: &Credentials) -> Option<Credentials> {
    let Credentials::Tokens { access, issued_at, expires_at, .. } = person else { return None };
    Some(Credentials::Tokens {
        access: Secret::new(token),
        refresh: Some(access.clone()),
        issued_at: *issued_at,
        expires_at: expires_at.or_else(|| Some(issued_at.plus(PERSON_LIFE))),
    })
}

impl Platform for Facebook {
    fn class(&self) -> Class {
        Class::Verifiable
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        crate::needs(account, "the page's number", "a page access token")
    }

    fn check_text(&self, text: &str) -> Option<FieldError> {
        let count = text::graphemes(text);
        let message =
            format!("Facebook takes {CHARACTERS} characters; this has {count}. Shorten it.");
        (count > CHARACTERS).then(|| FieldError::new("text", "too_long", message))
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
        if request.prepared.is_some() || request.media.is_empty() {
            return Prepared::Ready(request.prepared.map(str::to_owned));
        }
        let mut photos = Vec::new();
        for attachment in request.media {
            let Some(url) = &attachment.url else {
                return Prepared::Failed(media::no_url(WHO).into());
            };
            let photo = json!({
                "url": url, "published": false, "alt_text_custom": attachment.picture.alt,
            });
            let ask = Ask::post(self.url(&request, "photos")).json(&self.proven(photo, &request));
            match meta::make(&self.http, WHO, ask, &request).await {
                Ok(id) => photos.push(json!({ "media_fbid": id })),
                Err(answer) => return Prepared::Failed(answer),
            }
        }
        Prepared::Ready(Some(json(&photos)))
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let text = Text::of(request.payload);
        let mut body = json!({ "message": text, "published": true });
        match request.prepared.and_then(|photos| serde_json::from_str::<Value>(photos).ok()) {
            Some(photos) => body["attached_media"] = photos,
            None => {
                if let Some(link) = text::links(&text).first() {
                    body["link"] = link.text.into();
                }
            }
        }
        let ask = Ask::post(self.url(&request, "feed")).query("fields", "id,permalink_url");
        let ask = ask.bearer(request.secret).json(&self.proven(body, &request));
        match ask.send(&self.http, request.at_s).await {
            Err(missed) => Outcome::from(missed).into(),
            Ok(said) if said.ok() => {
                let body = said.json();
                let outcome = match body["id"].as_str() {
                    Some(id) => Outcome::Published {
                        remote_id: Some(id.to_owned()),
                        remote_url: body["permalink_url"].as_str().map(str::to_owned),
                    },
                    None => no_id(WHO),
                };
                gate::with(outcome, meta::usage(&said))
            }
            Ok(said) => meta::failed(&said, WHO, |outcome| outcome),
        }
    }

    async fn read_back(&self, request: Request<'_>) -> ReadBack {
        let mut ask = Ask::get(self.url(&request, "feed"))
            .query("fields", "id,message,permalink_url,created_time")
            .query("limit", READ);
        if let Some(secret) = &self.api.app_secret {
            ask = ask.query("appsecret_proof", &meta::proof(secret, request.secret));
        }
        meta::list(&self.http, WHO, ask, "message", &request).await
    }

    /// Renews the person's token, then asks it for the page's.
    async fn refresh(&self, account: &Account, old: &Credentials, now: Timestamp) -> Refreshed {
        let (Ok(app), Credentials::Tokens { refresh: Some(person), .. }) = (self.app(), old) else {
            return Refreshed::NotOffered;
        };
        let person = match oauth::refresh(&self.http, WHO, self.extend(&app, person), now).await {
            Refreshed::Renewed(person) => person,
            other => return other,
        };
        let ask = self.node(&account.remote_id).query("fields", "access_token");
        let trouble = |message| Refreshed::Unavailable { message };
        match ask.bearer(person.secret()).send(&self.http, now.seconds()).await {
            Err(missed) => trouble(oauth::why(missed)),
            Ok(said) if said.ok() => {
                let page = said.json()["access_token"].as_str().and_then(|it| of_page(it, &person));
                let lost = Refreshed::Revoked { message: reconnect(WHO) };
                page.map_or(lost, Refreshed::Renewed)
            }
            Ok(said) if said.status < 500 => Refreshed::Revoked { message: reconnect(WHO) },
            Ok(said) => trouble(format!("{WHO} answered with status {}.", said.status)),
        }
    }

    fn authorize_url(&self, ask: OAuthAsk<'_>) -> Result<String, OAuthRefusal> {
        Ok(self.app()?.authorize_url(ask))
    }

    /// A person's token gives one of 60 days, and that one those of the pages that the person chose.
    async fn exchange(&self, grant: OAuthGrant<'_>) -> Result<Vec<Granted>, OAuthRefusal> {
        let app = self.app()?;
        let short = app.tokens(&self.http, grant).await?;
        let ask = self.extend(&app, short.secret());
        let person = meta::long_lived(&self.http, WHO, ask, grant.now).await?;
        let ask = self.node("me/accounts").query("fields", "id,name,access_token");
        let ask = ask.query("limit", &oauth::MOST.to_string()).bearer(person.secret());
        let said = oauth::tell(&self.http, WHO, ask, grant.now).await?;
        let body = said.json();
        let pages = body["data"].as_array().cloned().unwrap_or_default();
        let page = |it: &Value| {
            Some(Granted {
                remote_id: meta::id_of(&it["id"])?,
                name: it["name"].as_str().unwrap_or(WHO).to_owned(),
                url: String::new(),
                credentials: of_page(it["access_token"].as_str()?, &person)?,
            })
        };
        Ok(pages.iter().filter_map(page).take(oauth::MOST).collect())
    }
}
