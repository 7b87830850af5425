//! Instagram, professional accounts: a container is made and checked, then published.

use outbound::Http;
use posts::{
    Account, Answer, Class, Credentials, DeliveryId, FieldError, NewAccount, Outcome, Picture,
    Post, Prepared, ReadBack, Refreshed, Request, Timestamp,
};
use serde_json::{Value, json};

use crate::apis::MetaApi;
use crate::call::{Ask, json, no_id};
use crate::read::Text;
use crate::{Platform, gate, media, meta, text};

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
/// How many posts are read back.
const READ: &str = "20";

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

    fn url(&self, node: &str) -> String {
        format!("{}/{}/{node}", self.api.graph, self.api.version)
    }

    async fn make(&self, request: &Request<'_>, body: Value) -> Result<String, Answer> {
        let url = self.url(&format!("{}/media", request.account.remote_id));
        let body = match &self.api.app_secret {
            Some(secret) => {
                let mut body = body;
                body["appsecret_proof"] = meta::proof(secret, request.secret).into();
                body
            }
            None => body,
        };
        meta::make(&self.http, WHO, Ask::post(url).json(&body), request).await
    }

    /// The container of the post: of its one picture, or of a carousel.
    async fn container(&self, request: &Request<'_>) -> Result<String, Answer> {
        let caption = Text::of(request.payload);
        let mut pictures = Vec::new();
        for attachment in request.media {
            let url = attachment.url.as_deref().ok_or_else(|| media::no_url(WHO))?;
            pictures.push(json!({ "image_url": url, "alt_text": attachment.picture.alt }));
        }
        if let [picture] = pictures.as_mut_slice() {
            picture["caption"] = caption.into();
            return self.make(request, picture.take()).await;
        }
        let mut children = Vec::new();
        for mut picture in pictures {
            picture["is_carousel_item"] = true.into();
            children.push(self.make(request, picture).await?);
        }
        let carousel =
            json!({ "media_type": "CAROUSEL", "children": children, "caption": caption });
        self.make(request, carousel).await
    }

    async fn look(&self, id: &str, request: &Request<'_>) -> Result<meta::Container, Answer> {
        meta::container(&self.http, WHO, self.url(id), "status_code", request).await
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

    /// The container's id is kept before it is published: that makes an unknown outcome decidable.
    async fn prepare(&self, request: Request<'_>) -> Prepared {
        if request.prepared.is_none() && request.media.is_empty() {
            return Prepared::Failed(media::required(WHO).into());
        }
        let id = match request.prepared {
            Some(id) => id.to_owned(),
            None => match self.container(&request).await {
                Ok(id) => id,
                Err(answer) => return Prepared::Failed(answer),
            },
        };
        match self.look(&id, &request).await {
            Ok(found) => meta::prepared(WHO, id, found),
            // The container is there: only the look at it failed.
            Err(_) => Prepared::Processing { state: id, retry_after_s: None },
        }
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let Some(container) = request.prepared else {
            return media::required(WHO).into();
        };
        let url = self.url(&format!("{}/media_publish", request.account.remote_id));
        let ask = Ask::post(url).bearer(request.secret).json(&json!({ "creation_id": container }));
        match ask.send(&self.http, request.at_s).await {
            Err(missed) => Outcome::from(missed).into(),
            Ok(said) if said.ok() => {
                let Some(id) = said.json()["id"].as_str().map(str::to_owned) else {
                    return no_id(WHO).into();
                };
                let remote_url = meta::permalink(&self.http, self.url(&id), &request).await;
                let outcome = Outcome::Published { remote_id: Some(id), remote_url };
                gate::with(outcome, meta::usage(&said))
            }
            Ok(said) => meta::failed(&said, WHO, |outcome| outcome),
        }
    }

    async fn read_back(&self, request: Request<'_>) -> ReadBack {
        let Some(container) = request.prepared else { return ReadBack::NotThere };
        let found = self.look(container, &request).await;
        let ask = Ask::get(self.url(&format!("{}/media", request.account.remote_id)))
            .query("fields", "id,caption,permalink,timestamp")
            .query("limit", READ);
        let list = meta::list(&self.http, WHO, ask, "caption", &request).await;
        meta::reconciled(found, list)
    }

    async fn refresh(&self, _: &Account, old: &Credentials, now: Timestamp) -> Refreshed {
        let url = format!("{}/refresh_access_token", self.api.instagram);
        meta::refresh(&self.http, WHO, url, "ig_refresh_token", old, now).await
    }
}
