//! Facebook pages, by the Graph API.

use outbound::Http;
use posts::{
    Answer, Class, DeliveryId, FieldError, NewAccount, Outcome, Picture, Post, Prepared, ReadBack,
    Request,
};
use serde_json::{Value, json};

use crate::apis::MetaApi;
use crate::call::{Ask, json, no_id};
use crate::read::Text;
use crate::{Platform, gate, media, meta, text};

/// The platform's name in accounts.
pub const NAME: &str = "facebook";
const WHO: &str = "Facebook";
/// Longest text in characters.
const CHARACTERS: usize = 63_206;
/// Most pictures of a post. Ours: what every platform takes that takes several.
const IMAGES: usize = 10;
/// Largest picture in bytes (Graph API, "Page photos").
const IMAGE_BYTES: u64 = 4 * 1024 * 1024;
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
}
