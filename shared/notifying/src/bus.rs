//! EventBridge: PutEvents over the same guarded client, signed with AWS Signature Version 4.
//!
//! One operation does not need an SDK; the signature is the SDK's own.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auth::Secret;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use outbound::{Body, Http, Reply};
use posts::Timestamp;
use reqwest::header::HeaderMap;
use webhooks::{Delivery, ENTRIES, Outcome, failed_entries, left_over};

use crate::attempt::header;

/// The operation (Amazon EventBridge API reference, JSON 1.1 protocol).
const TARGET: &str = "AWSEvents.PutEvents";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// EventBridge's name in signatures.
const SERVICE: &str = "events";

/// The way to the event buses of a region.
#[derive(Clone)]
pub struct Bus {
    region: String,
    url: String,
    credentials: Credentials,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bus({})", self.url)
    }
}

impl Bus {
    /// The buses of a region, called with these credentials; `url` is the service's own unless named.
    pub fn new(
        region: impl Into<String>,
        key_id: &str,
        secret: &Secret,
        session_token: Option<&str>,
        url: Option<&str>,
    ) -> Self {
        let region = region.into();
        let usual = || format!("https://events.{region}.amazonaws.com/");
        let url = url.map_or_else(usual, str::to_owned);
        let secret = String::from_utf8_lossy(secret.expose());
        let token = session_token.map(str::to_owned);
        let credentials = Credentials::new(key_id, secret, token, None, "configuration");
        Self { region, url, credentials }
    }

    /// Puts the events of a delivery on a bus, ten at a time. What is refused in part is left for the next attempt.
    pub(crate) async fn put(
        &self,
        http: &Http,
        delivery: &Delivery,
        bus: &str,
        now: Timestamp,
    ) -> Outcome {
        let (mut rest, mut left, mut why) = (delivery.each(), Vec::new(), None);
        while !rest.is_empty() {
            let later = rest.split_off(rest.len().min(ENTRIES));
            let body = delivery.put_events(bus, &rest, now);
            match self.call(http, body, now).await {
                Ok(answer) => left.extend(failed_entries(rest, &answer)),
                Err(trouble) => {
                    left.extend(rest);
                    why = Some(trouble);
                }
            }
            rest = later;
        }
        if left.is_empty() {
            return Outcome::Taken;
        }
        let why =
            why.unwrap_or_else(|| format!("EventBridge refused {} of the events.", left.len()));
        Outcome::Partly { left: left_over(&left), why }
    }

    async fn call(&self, http: &Http, body: String, now: Timestamp) -> Result<Vec<u8>, String> {
        let headers = self.signed(&body, now).ok_or("The request could not be signed.")?;
        match http.post(&self.url, headers, body, now.seconds()).await {
            Reply::Answered { status: 200, body: Body::Whole(answer), .. } => Ok(answer),
            Reply::Answered { status, .. } => {
                Err(format!("EventBridge answered with status {status}."))
            }
            Reply::Closed(refusal) => Err(refusal.to_string()),
            Reply::NotSent(why) | Reply::Unknown(why) => Err(why.to_owned()),
        }
    }

    fn signed(&self, body: &str, now: Timestamp) -> Option<HeaderMap> {
        let identity = self.credentials.clone().into();
        let time: SystemTime = UNIX_EPOCH + Duration::from_secs(now.seconds());
        let params = v4::SigningParams::builder().identity(&identity).region(&self.region);
        let params = params.name(SERVICE).time(time).settings(SigningSettings::default());
        let own = [("content-type", CONTENT_TYPE), ("x-amz-target", TARGET)];
        let bytes = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("POST", &*self.url, own.into_iter(), bytes).ok()?;
        let (added, _) = sign(request, &params.build().ok()?.into()).ok()?.into_parts();
        own.into_iter().chain(added.headers()).map(header).collect()
    }
}
