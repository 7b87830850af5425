//! The generic signed webhook: any receiver that follows the Standard Webhooks specification 1.0.
//!
//! Delivery is at least once; `webhook-id` is the same for every attempt, and the receiver drops what it has.

mod signature;

use outbound::{Body, Http, Reply, guard};
use posts::{
    Answer, Class, DeliveryId, ErrorClass, FieldError, Medium, NewAccount, Outcome, Picture, Post,
    Request, Timestamp,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::call::{json, refused};
use crate::{Platform, gate};

pub use signature::{Keys, KeysError, VerifyError};

/// The platform's name in accounts.
pub const NAME: &str = "webhook";
/// The header with the receiver's key against doing things twice.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of the attempt, in seconds since 1970 UTC.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
/// Largest payload in bytes (Standard Webhooks, "Payload size": under 20 kB).
pub const PAYLOAD_BYTES: usize = 20_000;
/// Room for what stands around the text: four ids of at most 128 bytes (twice that if escaped), names and times.
const ENVELOPE_BYTES: usize = 1_300;
/// Said of a text that does not fit.
const TOO_LONG: &str =
    "The text is too long for a webhook, whose payload is under 20 kB; shorten it.";
/// Longest id of a receiver that is kept, in bytes. Ours.
const REMOTE_ID_BYTES: usize = 256;

/// The platform.
#[derive(Debug, Clone)]
pub struct Webhook {
    http: Http,
}

/// The payload.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    post_id: &'a str,
    workspace_id: &'a str,
    delivery_id: &'a str,
    author_id: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    media: Vec<Image<'a>>,
    scheduled_at: Timestamp,
}

/// A picture: where its author has it, and what it was when the post was written.
#[derive(Serialize)]
struct Image<'a> {
    url: &'a str,
    #[serde(flatten)]
    picture: &'a Picture,
    sha256: &'a str,
}

/// What a receiver may say of what it made of the post.
#[derive(Default, Deserialize)]
struct Made {
    id: Option<String>,
    url: Option<String>,
}

impl Webhook {
    /// The platform, speaking through this client.
    pub fn new(http: Http) -> Self {
        Self { http }
    }
}

impl Platform for Webhook {
    fn class(&self) -> Class {
        Class::Idempotent
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        let url = guard::check_url(&account.url, self.http.addresses()).err();
        let url = url.map(|refusal| FieldError::new("url", "invalid", refusal.to_string()));
        let secret = Keys::parse(account.secret.reveal()).err();
        let secret = secret.map(|error| FieldError::new("secret", "invalid", error.to_string()));
        url.into_iter().chain(secret).collect()
    }

    fn check_text(&self, text: &str) -> Option<FieldError> {
        let fits = json(&text).len() + ENVELOPE_BYTES < PAYLOAD_BYTES;
        (!fits).then(|| FieldError::new("text", "too_long", TOO_LONG))
    }

    fn freeze(&self, post: &Post, delivery: &DeliveryId) -> String {
        let scheduled_at = post.when().map_or(post.updated_at, |when| when.scheduled_at);
        json(&Payload {
            kind: "post.publish",
            timestamp: scheduled_at,
            data: Data {
                post_id: post.id.as_str(),
                workspace_id: post.workspace_id.as_str(),
                delivery_id: delivery.as_str(),
                author_id: post.author_id.as_str(),
                text: &post.text,
                media: post.media.iter().map(Image::of).collect(),
                scheduled_at,
            },
        })
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        if request.payload.len() >= PAYLOAD_BYTES {
            return refused(ErrorClass::Invalid, TOO_LONG, None).into();
        }
        let signed =
            Keys::parse(request.secret.reveal()).ok().and_then(|keys| headers(&keys, &request));
        let Some(headers) = signed else {
            return refused(
                ErrorClass::Auth,
                "The webhook's secret cannot be used; connect the account again.",
                None,
            )
            .into();
        };
        let reply = self
            .http
            .post(&request.account.url, headers, request.payload.to_owned(), request.at_s)
            .await;
        gate::with(outcome(reply), None)
    }
}

impl<'a> Image<'a> {
    fn of(medium: &'a Medium) -> Self {
        Self { url: &medium.url, picture: &medium.picture, sha256: medium.key.hash() }
    }
}

fn headers(keys: &Keys, request: &Request<'_>) -> Option<HeaderMap> {
    let signature = keys.sign(request.idem_key, request.at_s, request.payload.as_bytes());
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static(ID_HEADER), request.idem_key.parse().ok()?);
    headers.insert(HeaderName::from_static(TIMESTAMP_HEADER), request.at_s.into());
    headers.insert(HeaderName::from_static(SIGNATURE_HEADER), signature.parse().ok()?);
    Some(headers)
}

/// What a reply means. An answer that says "try later" is safe to follow even if the receiver did act, because it
/// knows the id.
fn outcome(reply: Reply) -> Outcome {
    let (status, retry_after_s, body) = match reply {
        Reply::Answered { status, retry_after_s, body, .. } => (status, retry_after_s, body),
        Reply::Closed(refusal) => return refused(ErrorClass::Invalid, refusal.to_string(), None),
        Reply::NotSent(why) => {
            return Outcome::NotSent {
                class: ErrorClass::Network,
                message: why.into(),
                retry_after_s: None,
            };
        }
        Reply::Unknown(why) => return Outcome::Unknown { message: why.into() },
    };
    let gives_up = |class, message: &str| refused(class, message, Some(status));
    match status {
        200..=299 => accepted(status, &body),
        300..=399 => gives_up(
            ErrorClass::Invalid,
            "The receiver redirects, and webhooks do not follow; connect the account with the final address.",
        ),
        401 => gives_up(
            ErrorClass::Auth,
            "The receiver did not accept the signature; check the account's secret.",
        ),
        403 => gives_up(ErrorClass::Forbidden, "The receiver does not allow this."),
        410 => {
            gives_up(ErrorClass::Auth, "The receiver is gone for good; connect the account again.")
        }
        429 => Outcome::RateLimited {
            retry_after_s,
            message: "The receiver asked for a pause.".into(),
        },
        408 | 425 | 500.. => Outcome::NotSent {
            class: ErrorClass::PlatformUnavailable,
            message: format!("The receiver answered with status {status}."),
            retry_after_s,
        },
        _ => gives_up(ErrorClass::Invalid, "The receiver did not accept the post."),
    }
}

fn accepted(status: u16, body: &Body) -> Outcome {
    let made: Made = match body {
        Body::Whole(bytes) => serde_json::from_slice(bytes).unwrap_or_default(),
        Body::TooLong => Made::default(),
        // Asked again, the receiver says the same and the answer may arrive whole.
        Body::Broken => {
            return Outcome::Unknown {
                message: format!(
                    "The receiver answered with status {status}, but the answer broke off."
                ),
            };
        }
    };
    Outcome::Published {
        remote_id: made.id.filter(|id| (1..=REMOTE_ID_BYTES).contains(&id.len())),
        remote_url: made.url.filter(|url| is_link(url)),
    }
}

/// A link is shown to people: it must lead to the web, not to a script.
fn is_link(text: &str) -> bool {
    text.len() <= posts::limits::URL_BYTES
        && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests;
