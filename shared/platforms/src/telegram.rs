//! Telegram channels, groups and chats, by a bot. The bot's token stands in the address of every call, which is therefore
//! never part of an error or a log.

use outbound::Http;
use posts::{
    Answer, Class, DeliveryId, ErrorClass, FieldError, NewAccount, Outcome, Picture, Post, Request,
    Secret,
};
use serde_json::{Value, json};

use crate::apis::TelegramApi;
use crate::call::{Ask, Part, Said, json, limited, no_id, reconnect, refused, usual};
use crate::read::Text;
use crate::{Platform, gate, media, text};

/// The platform's name in accounts.
pub const NAME: &str = "telegram";
const WHO: &str = "Telegram";
/// Longest text, in code units of UTF-16 (Bot API, `sendMessage`).
const UNITS: usize = 4_096;
/// Longest text beside a picture (Bot API, `sendPhoto`).
const CAPTION_UNITS: usize = 1_024;
/// Most pictures of a message (Bot API, `sendMediaGroup`).
const IMAGES: usize = 10;
/// Largest picture in bytes (Bot API, `sendPhoto`).
const IMAGE_BYTES: u64 = 10 * 1024 * 1024;

/// The platform.
#[derive(Debug, Clone)]
pub struct Telegram {
    http: Http,
    api: TelegramApi,
}

impl Telegram {
    /// The platform, speaking through this client.
    pub fn new(http: Http, api: TelegramApi) -> Self {
        Self { http, api }
    }

    fn url(&self, token: &Secret, method: &str) -> String {
        format!("{}/bot{}/{method}", self.api.api, token.reveal())
    }

    fn ask(&self, request: &Request<'_>, text: &str) -> Ask {
        let chat = request.account.remote_id.as_str();
        let url = |method: &str| self.url(request.secret, method);
        match request.media {
            [] => Ask::post(url("sendMessage")).json(&json!({ "chat_id": chat, "text": text })),
            [one] => Ask::post(url("sendPhoto")).multipart(
                request.idem_key,
                &[
                    Part::Field("chat_id", chat),
                    Part::Field("caption", text),
                    Part::File("photo", &one.picture.mime, &one.bytes),
                ],
            ),
            several => {
                let names: Vec<_> = (0..several.len()).map(|at| format!("photo{at}")).collect();
                let group = album(&names, text);
                let mut parts = vec![Part::Field("chat_id", chat), Part::Field("media", &group)];
                parts.extend(
                    names
                        .iter()
                        .zip(several)
                        .map(|(name, it)| Part::File(name, &it.picture.mime, &it.bytes)),
                );
                Ask::post(url("sendMediaGroup")).multipart(request.idem_key, &parts)
            }
        }
    }
}

/// The pictures of an album; the first one carries the text.
fn album(names: &[String], text: &str) -> String {
    let photo = |(at, name): (usize, &String)| {
        let mut photo = json!({ "type": "photo", "media": format!("attach://{name}") });
        if at == 0 {
            photo["caption"] = text.into();
        }
        photo
    };
    json(&names.iter().enumerate().map(photo).collect::<Vec<_>>())
}

impl Platform for Telegram {
    fn class(&self) -> Class {
        Class::Opaque
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        let mut errors = crate::needs(
            account,
            "the chat, such as \"@channel\" or \"-1001234567890\",",
            "the bot's token",
        );
        let token = account.secret.reveal();
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-');
        if errors.is_empty() && !token.chars().all(part) {
            let message = "This is no bot's token. @BotFather gives one such as 123456:ABC-DEF.";
            errors.push(FieldError::new("secret", "invalid", message));
        }
        errors
    }

    fn check_text(&self, text: &str) -> Option<FieldError> {
        let units = text::utf16(text);
        let message = format!("Telegram takes {UNITS} characters; this has {units}. Shorten it.");
        (units > UNITS).then(|| FieldError::new("text", "too_long", message))
    }

    fn check_media(&self, pictures: &[Picture]) -> Vec<FieldError> {
        media::Limits { who: WHO, most: IMAGES, bytes: IMAGE_BYTES, ..media::ANY }.check(pictures)
    }

    fn freeze(&self, post: &Post, _: &DeliveryId) -> String {
        json(&Text { text: post.text.clone() })
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let text = Text::of(request.payload);
        if !request.media.is_empty() && text::utf16(&text) > CAPTION_UNITS {
            let message = format!(
                "Telegram takes {CAPTION_UNITS} characters beside a picture. Shorten the text, or remove the picture."
            );
            return refused(ErrorClass::Invalid, message, None).into();
        }
        match self.ask(&request, &text).send(&self.http, request.at_s).await {
            Err(missed) => Outcome::from(missed).into(),
            Ok(said) => {
                let body = said.json();
                let outcome = match &body["result"] {
                    // An album is answered with a list; its first message stands for it.
                    result if said.ok() => {
                        self.published(if result.is_array() { &result[0] } else { result })
                    }
                    _ => failed(&said, &body),
                };
                gate::with(outcome, None)
            }
        }
    }
}

impl Telegram {
    fn published(&self, message: &Value) -> Outcome {
        let Some(id) = message["message_id"].as_i64() else { return no_id(WHO) };
        let chat = &message["chat"];
        let web = &self.api.web;
        let private = || Some(chat["id"].as_i64()?.to_string().strip_prefix("-100")?.to_owned());
        let remote_url = match chat["username"].as_str() {
            Some(name) => Some(format!("{web}/{name}/{id}")),
            None => private().map(|chat| format!("{web}/c/{chat}/{id}")),
        };
        Outcome::Published { remote_id: Some(id.to_string()), remote_url }
    }
}

fn failed(said: &Said, body: &Value) -> Outcome {
    let words = body["description"].as_str().unwrap_or_default();
    let status = Some(said.status);
    let parameters = &body["parameters"];
    match said.status {
        429 => limited(WHO, parameters["retry_after"].as_u64().or(said.retry_after_s)),
        // A wrong token is no address at all.
        401 | 404 => refused(ErrorClass::Auth, reconnect(WHO), status),
        403 => refused(
            ErrorClass::Forbidden,
            format!(
                "The bot may not write there: {words}. Add it to the chat and allow it to post."
            ),
            status,
        ),
        400 if parameters["migrate_to_chat_id"].is_i64() => refused(
            ErrorClass::Auth,
            format!(
                "The group became a supergroup. Connect the account again with the chat {}.",
                parameters["migrate_to_chat_id"]
            ),
            status,
        ),
        _ => usual(said, WHO, words),
    }
}
