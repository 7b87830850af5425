//! Discord channels, by a webhook whose address is the secret.

use outbound::Http;
use posts::{
    Answer, Class, Credentials, DeliveryId, ErrorClass, FieldError, Granted, NewAccount, Outcome,
    Picture, Post, Request, Secret, Timestamp,
};
use serde_json::{Value, json};
use url::Url;

use crate::apis::DiscordApi;
use crate::call::{Ask, Part, Said, json, limited, no_id, reconnect, refused, seconds, usual};
use crate::read::Text;
use crate::{Platform, gate, media, oauth, text};

/// The platform's name in accounts.
pub const NAME: &str = "discord";
const WHO: &str = "Discord";
/// Longest text, in code units of UTF-16 (API, "Execute webhook").
const UNITS: usize = 2_000;
/// Most files of a message.
const IMAGES: usize = 10;
/// Largest file in bytes, where a server has no boosts.
const IMAGE_BYTES: u64 = 10 * 1024 * 1024;

/// The platform.
#[derive(Debug, Clone)]
pub struct Discord {
    http: Http,
    api: DiscordApi,
}

impl Discord {
    /// The platform, speaking through this client.
    pub fn new(http: Http, api: DiscordApi) -> Self {
        Self { http, api }
    }

    /// The API's address of a webhook, from the address that Discord shows. It must be Discord's own.
    fn url(&self, secret: &Secret) -> Option<String> {
        let rest = secret.reveal().trim().strip_prefix(&self.api.web)?.strip_prefix("/api/")?;
        let mut parts = rest.trim_end_matches('/').rsplit('/');
        let (token, id, kind) = (parts.next()?, parts.next()?, parts.next()?);
        let plain =
            |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        let good =
            kind == "webhooks" && !id.is_empty() && !token.is_empty() && plain(id) && plain(token);
        good.then(|| format!("{}/api/{}/webhooks/{id}/{token}", self.api.web, self.api.version))
    }
}

impl Platform for Discord {
    fn class(&self) -> Class {
        Class::Opaque
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        if self.url(&account.secret).is_some() {
            return Vec::new();
        }
        let message = format!(
            "Give the webhook's address as secret; it begins with {}/api/webhooks/. Discord shows it under Edit channel, Integrations.",
            self.api.web
        );
        vec![FieldError::new("secret", "invalid", message)]
    }

    fn check_text(&self, text: &str) -> Option<FieldError> {
        let units = text::utf16(text);
        let message = format!("Discord takes {UNITS} characters; this has {units}. Shorten it.");
        (units > UNITS).then(|| FieldError::new("text", "too_long", message))
    }

    fn check_media(&self, pictures: &[Picture]) -> Vec<FieldError> {
        media::Limits { who: WHO, most: IMAGES, bytes: IMAGE_BYTES, ..media::ANY }.check(pictures)
    }

    fn freeze(&self, post: &Post, _: &DeliveryId) -> String {
        json(&Text { text: post.text.clone() })
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let Some(url) = self.url(request.secret) else {
            return refused(ErrorClass::Auth, reconnect(WHO), None).into();
        };
        // Without `wait`, a message that was not saved is answered like one that was.
        let ask = Ask::post(url).query("wait", "true");
        let alts = request.media.iter().enumerate();
        let attachments: Vec<_> =
            alts.map(|(id, it)| json!({ "id": id, "description": it.picture.alt })).collect();
        let mut body = json!({
            "content": Text::of(request.payload), "allowed_mentions": { "parse": [] },
        });
        let ask = if request.media.is_empty() {
            ask.json(&body)
        } else {
            body["attachments"] = attachments.into();
            let (body, names) =
                (json(&body), (0..request.media.len()).map(|at| format!("files[{at}]")));
            let names: Vec<_> = names.collect();
            let files = names.iter().zip(request.media);
            let files = files.map(|(name, it)| Part::File(name, &it.picture.mime, &it.bytes));
            let parts: Vec<_> =
                [Part::Field("payload_json", &body)].into_iter().chain(files).collect();
            ask.multipart(request.idem_key, &parts)
        };
        match ask.send(&self.http, request.at_s).await {
            Err(missed) => Outcome::from(missed).into(),
            Ok(said) if said.ok() => {
                let outcome = published(&said.json(), &request.account.url);
                gate::with(outcome, left(&said).and_then(gate::account))
            }
            Ok(said) => {
                let gate = left(&said);
                let all = said.json()["global"] == true
                    || said.header("x-ratelimit-scope") == Some("global");
                let gate = gate.and_then(if all { gate::app } else { gate::account });
                gate::with(failed(&said), gate)
            }
        }
    }

    /// Asks the webhook which channel it writes to: messages' addresses begin with the channel's.
    async fn sign_in(&self, new: &NewAccount, now: Timestamp) -> Result<Granted, Vec<FieldError>> {
        let wrong = |code, message: String| vec![FieldError::new("secret", code, message)];
        let url = self.url(&new.secret).ok_or_else(|| self.check(new))?;
        let said = Ask::get(url).send(&self.http, now.seconds()).await;
        let said = said.map_err(|missed| wrong("unavailable", oauth::why(missed)))?;
        let body = said.json();
        let Some(id) = body["id"].as_str().filter(|_| said.ok()) else {
            return Err(wrong("refused", "Discord knows no such webhook. Make a new one.".into()));
        };
        let channel = body["channel_id"].as_str().unwrap_or_default();
        let guild = body["guild_id"].as_str().unwrap_or("@me");
        Ok(Granted {
            remote_id: id.to_owned(),
            name: new.name.clone(),
            url: format!("{}/channels/{guild}/{channel}", self.api.web),
            credentials: Credentials::Key { key: new.secret.clone() },
        })
    }
}

fn published(message: &Value, channel_url: &str) -> Outcome {
    let Some(id) = message["id"].as_str() else { return no_id(WHO) };
    let known = Url::parse(channel_url).is_ok_and(|url| url.path().starts_with("/channels/"));
    let remote_url = known.then(|| format!("{channel_url}/{id}"));
    Outcome::Published { remote_id: Some(id.to_owned()), remote_url }
}

/// Seconds until the bucket is filled again, if it is empty.
fn left(said: &Said) -> Option<u64> {
    let empty = said.status == 429 || said.number("x-ratelimit-remaining") == Some(0);
    said.number("x-ratelimit-reset-after").filter(|_| empty)
}

fn failed(said: &Said) -> Outcome {
    let body = said.json();
    let words = body["message"].as_str().unwrap_or_default();
    match (said.status, body["code"].as_i64()) {
        (429, _) => {
            limited(WHO, body["retry_after"].as_f64().and_then(seconds).or(said.retry_after_s))
        }
        // Many such answers ban the server's address for everyone: the account must not be used again.
        (401 | 403 | 404, _) | (_, Some(10_015 | 50_027)) => {
            refused(ErrorClass::Auth, reconnect(WHO), Some(said.status))
        }
        (400, Some(220_001)) => {
            let message = "This webhook belongs to a forum, which takes threads only. Choose another channel.";
            refused(ErrorClass::Invalid, message, Some(400))
        }
        _ => usual(said, WHO, words),
    }
}
