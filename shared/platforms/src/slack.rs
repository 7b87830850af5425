//! Slack channels, by an incoming webhook whose address is the secret. Slack tells neither an id nor an address.

use outbound::Http;
use posts::{
    Answer, Class, DeliveryId, ErrorClass, FieldError, NewAccount, Outcome, Picture, Post, Request,
    Secret,
};
use serde_json::{Value, json};

use crate::apis::SlackApi;
use crate::call::{Ask, Said, json, no_id, reconnect, refused, usual};
use crate::read::Text;
use crate::{Platform, gate, media};

/// The platform's name in accounts.
pub const NAME: &str = "slack";
const WHO: &str = "Slack";
/// Longest text in characters; Slack cuts off longer ones.
const CHARACTERS: usize = 40_000;
/// Most pictures of a message. Ours: a message takes 50 blocks.
const IMAGES: usize = 10;
/// Longest text of a block in characters (Block Kit, "Section").
const BLOCK_CHARACTERS: usize = 3_000;

/// The platform.
#[derive(Debug, Clone)]
pub struct Slack {
    http: Http,
    api: SlackApi,
}

impl Slack {
    /// The platform, speaking through this client.
    pub fn new(http: Http, api: SlackApi) -> Self {
        Self { http, api }
    }

    /// The webhook's address, if it is Slack's own.
    fn url<'a>(&self, secret: &'a Secret) -> Option<&'a str> {
        let url = secret.reveal().trim();
        let rest = url.strip_prefix(&self.api.hooks)?.strip_prefix("/services/")?;
        let part = |c: char| c.is_ascii_alphanumeric() || c == '/';
        (!rest.is_empty() && rest.chars().all(part)).then_some(url)
    }
}

impl Platform for Slack {
    fn class(&self) -> Class {
        Class::Opaque
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        if self.url(&account.secret).is_some() {
            return Vec::new();
        }
        let message = format!(
            "Give the webhook's address as secret; it begins with {}/services/. Slack makes it under Incoming Webhooks.",
            self.api.hooks
        );
        vec![FieldError::new("secret", "invalid", message)]
    }

    fn check_text(&self, text: &str) -> Option<FieldError> {
        let count = escape(text).chars().count();
        let message = format!("Slack takes {CHARACTERS} characters; this has {count}. Shorten it.");
        (count > CHARACTERS).then(|| FieldError::new("text", "too_long", message))
    }

    fn check_media(&self, pictures: &[Picture]) -> Vec<FieldError> {
        let types = &["image/jpeg", "image/png", "image/gif"];
        media::Limits { who: WHO, most: IMAGES, types, ..media::ANY }.check(pictures)
    }

    fn fetches(&self) -> bool {
        true
    }

    fn freeze(&self, post: &Post, _: &DeliveryId) -> String {
        json(&Text { text: escape(&post.text) })
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let Some(url) = self.url(request.secret) else {
            return refused(ErrorClass::Auth, reconnect(WHO), None).into();
        };
        let body = match body(&request) {
            Ok(body) => body,
            Err(outcome) => return outcome.into(),
        };
        match Ask::post(url).json(&body).send(&self.http, request.at_s).await {
            Err(missed) => Outcome::from(missed).into(),
            Ok(said) if said.ok() => gate::with(
                // The whole body of a success; anything else is not Slack's.
                if said.text() == "ok" {
                    Outcome::Published { remote_id: None, remote_url: None }
                } else {
                    no_id(WHO)
                },
                None,
            ),
            Ok(said) => gate::with(failed(&said), None),
        }
    }
}

fn body(request: &Request<'_>) -> Result<Value, Outcome> {
    let text = Text::of(request.payload);
    if request.media.is_empty() {
        return Ok(json!({ "text": text }));
    }
    let mut blocks = Vec::new();
    if !text.is_empty() {
        let chars: Vec<_> = text.chars().collect();
        let sections = chars.chunks(BLOCK_CHARACTERS).map(|part| {
            let part: String = part.iter().collect();
            json!({ "type": "section", "text": { "type": "mrkdwn", "text": part } })
        });
        blocks.extend(sections);
    }
    for it in request.media {
        let url = it.url.as_deref().ok_or_else(|| media::no_url(WHO))?;
        blocks.push(json!({ "type": "image", "image_url": url, "alt_text": it.picture.alt }));
    }
    Ok(json!({ "text": text, "blocks": blocks }))
}

/// What Slack reads as marks (API, "Escaping text").
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Errors are one word of plain text.
fn failed(said: &Said) -> Outcome {
    let word = said.text();
    let word = word.trim();
    match (said.status, word) {
        (
            _,
            "no_service" | "no_service_id" | "no_team" | "team_disabled" | "invalid_token"
            | "no_active_hooks",
        )
        | (401, _) => refused(ErrorClass::Auth, reconnect(WHO), Some(said.status)),
        (404 | 410, _) => {
            let message =
                format!("The channel is gone or archived ({word}). Connect the account again.");
            refused(ErrorClass::Auth, message, Some(said.status))
        }
        _ => usual(said, WHO, word),
    }
}
