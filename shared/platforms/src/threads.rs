//! Threads: a container is made, then published. In one call (`auto_publish_text`) the container would be lost, and with
//! it the way to read back.

use outbound::Http;
use posts::{
    Account, Answer, Class, Credentials, DeliveryId, FieldError, NewAccount, Outcome, Picture,
    Post, Prepared, ReadBack, Refreshed, Request, Timestamp,
};
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

use crate::apis::ThreadsApi;
use crate::call::{Ask, json, no_id};
use crate::read::Text;
use crate::{Platform, gate, media, meta, text};

/// The platform's name in accounts.
pub const NAME: &str = "threads";
const WHO: &str = "Threads";
/// Longest text; an emoji counts its bytes (Threads API, "Limitations").
const CHARACTERS: usize = 500;
/// Most pictures of a carousel.
const IMAGES: usize = 20;
/// Largest picture in bytes.
const IMAGE_BYTES: u64 = 8 * 1024 * 1024;
/// How many posts are read back.
const READ: &str = "20";

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

    fn url(&self, node: &str) -> String {
        format!("{}/{}/{node}", self.api.graph, self.api.version)
    }

    async fn make(&self, request: &Request<'_>, body: Value) -> Result<String, Answer> {
        let url = self.url(&format!("{}/threads", request.account.remote_id));
        meta::make(&self.http, WHO, Ask::post(url).json(&body), request).await
    }

    /// The container of the post: of its text, its one picture, or of a carousel.
    async fn container(&self, request: &Request<'_>) -> Result<String, Answer> {
        let text = Text::of(request.payload);
        let mut pictures = Vec::new();
        for attachment in request.media {
            let url = attachment.url.as_deref().ok_or_else(|| media::no_url(WHO))?;
            let alt = &attachment.picture.alt;
            pictures.push(json!({ "media_type": "IMAGE", "image_url": url, "alt_text": alt }));
        }
        match pictures.as_mut_slice() {
            [] => return self.make(request, json!({ "media_type": "TEXT", "text": text })).await,
            [picture] => {
                picture["text"] = text.into();
                return self.make(request, picture.take()).await;
            }
            _ => {}
        }
        let mut children = Vec::new();
        for mut picture in pictures {
            picture["is_carousel_item"] = true.into();
            children.push(self.make(request, picture).await?);
        }
        let carousel =
            json!({ "media_type": "CAROUSEL", "children": children.join(","), "text": text });
        self.make(request, carousel).await
    }

    async fn look(&self, id: &str, request: &Request<'_>) -> Result<meta::Container, Answer> {
        meta::container(&self.http, WHO, self.url(id), "status", request).await
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

    /// The container's id is kept before it is published: that makes an unknown outcome decidable.
    async fn prepare(&self, request: Request<'_>) -> Prepared {
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
        let url = self.url(&format!("{}/threads_publish", request.account.remote_id));
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
        let ask = Ask::get(self.url(&format!("{}/threads", request.account.remote_id)))
            .query("fields", "id,text,permalink,timestamp")
            .query("limit", READ);
        let list = meta::list(&self.http, WHO, ask, "text", &request).await;
        meta::reconciled(found, list)
    }

    async fn refresh(&self, _: &Account, old: &Credentials, now: Timestamp) -> Refreshed {
        let url = format!("{}/refresh_access_token", self.api.graph);
        meta::refresh(&self.http, WHO, url, "th_refresh_token", old, now).await
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
