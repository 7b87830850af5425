//! Bluesky, and any other server of the AT protocol (`com.atproto.*` lexicons).
//!
//! A post is a record under a key that we choose, put with `swapRecord: null`: the same bytes again change nothing, so
//! any attempt may be repeated at any time.

mod record;

use outbound::{Http, guard};
use posts::{
    Account, Answer, Attachment, Class, Credentials, DeliveryId, ErrorClass, FieldError, Granted,
    NewAccount, Outcome, Picture, Post, Prepared, ReadBack, Refreshed, Remote, Request, Secret,
    Timestamp,
};
use serde_json::{Value, json};

use crate::apis::BlueskyApi;
use crate::call::{Ask, Said, harmless, json, no_id, reconnect, refused, usual};
use crate::{Platform, gate, media, oauth, read, text};
use record::{Payload, State};

/// The platform's name in accounts.
pub const NAME: &str = "bluesky";
const WHO: &str = "Bluesky";
/// The collection of posts.
const POSTS: &str = "app.bsky.feed.post";
/// Longest text in graphemes (lexicon `app.bsky.feed.post`, `maxGraphemes`).
const GRAPHEMES: usize = 300;
/// Longest text in bytes of UTF-8 (lexicon `app.bsky.feed.post`, `maxLength`).
const BYTES: usize = 3_000;
/// Most pictures of a post (lexicon `app.bsky.embed.images`).
const IMAGES: usize = 4;
/// Largest picture in bytes: older servers take 1,000,000 (lexicon `app.bsky.embed.images`, before 2026).
const IMAGE_BYTES: u64 = 976_000;
/// How long an access token works, if it does not say: two hours.
const ACCESS_S: u64 = 2 * 3600;

/// The platform.
#[derive(Debug, Clone)]
pub struct Bluesky {
    http: Http,
    api: BlueskyApi,
}

impl Bluesky {
    /// The platform, speaking through this client.
    pub fn new(http: Http, api: BlueskyApi) -> Self {
        Self { http, api }
    }

    fn xrpc(&self, server: &str, method: &str) -> String {
        let server = if server.is_empty() { &self.api.pds } else { server };
        format!("{}/xrpc/{method}", server.trim_end_matches('/'))
    }

    fn permalink(&self, did: &str, rkey: &str) -> String {
        format!("{}/profile/{did}/post/{rkey}", self.api.app)
    }

    /// The account that a handle belongs to; nothing if there is none, and then it is plain text.
    async fn resolve(&self, request: &Request<'_>, handle: &str) -> Result<Option<String>, Answer> {
        let url = self.xrpc(&request.account.url, "com.atproto.identity.resolveHandle");
        let said = Ask::get(url).query("handle", handle).send(&self.http, request.at_s).await;
        match said.map_err(|missed| Answer::from(harmless(missed.into())))? {
            said if said.ok() => Ok(said.json()["did"].as_str().map(str::to_owned)),
            said if said.status == 400 => Ok(None),
            said => Err(failed(&said, request.at_s, harmless)),
        }
    }

    async fn upload(&self, request: &Request<'_>, it: &Attachment) -> Result<Value, Answer> {
        let url = self.xrpc(&request.account.url, "com.atproto.repo.uploadBlob");
        let ask = Ask::post(url).bearer(request.secret).bytes(&it.picture.mime, it.bytes.clone());
        let said = ask.send(&self.http, request.at_s).await;
        match said.map_err(|missed| Answer::from(harmless(missed.into())))? {
            said if said.ok() => Ok(said.json()["blob"].clone()),
            said => Err(failed(&said, request.at_s, harmless)),
        }
    }

    /// What the record needs from the server before it can be put: whom it mentions, and its pictures.
    async fn gather(&self, request: &Request<'_>) -> Result<State, Answer> {
        let payload = Payload::read(request.payload);
        let mut state = State::new(&payload, request.idem_key);
        for mention in &payload.mentions {
            if let Some(did) = self.resolve(request, &mention.handle).await? {
                state.mentions.push(mention.facet(&did));
            }
        }
        for attachment in request.media {
            let blob = self.upload(request, attachment).await?;
            state.images.push(record::image(&attachment.picture, &blob));
        }
        Ok(state)
    }

    async fn session(
        &self,
        ask: Ask,
        now: Timestamp,
    ) -> Result<(Value, Credentials), Result<Said, String>> {
        let said = ask.send(&self.http, now.seconds()).await;
        let said = said.map_err(|missed| Err(oauth::why(missed)))?;
        let body = said.json();
        match (said.ok(), body["accessJwt"].as_str(), body["refreshJwt"].as_str()) {
            (true, Some(access), Some(refresh)) => {
                let tokens = tokens(access, refresh, now);
                Ok((body, tokens))
            }
            _ => Err(Ok(said)),
        }
    }
}

impl Platform for Bluesky {
    fn class(&self) -> Class {
        Class::Idempotent
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if !account.url.is_empty()
            && let Err(refusal) = guard::check_url(&account.url, self.http.addresses())
        {
            errors.push(FieldError::new("url", "invalid", refusal.to_string()));
        }
        if account.remote_id.trim_start_matches('@').is_empty() {
            let message = "Give the account's handle as remote_id, such as \"alice.bsky.social\".";
            errors.push(FieldError::new("remote_id", "required", message));
        }
        if account.secret.reveal().is_empty() {
            let message = "Give an app password as secret; Bluesky makes them under Settings, Privacy and security.";
            errors.push(FieldError::new("secret", "required", message));
        }
        errors
    }

    fn check_text(&self, text: &str) -> Option<FieldError> {
        let (graphemes, bytes) = (text::graphemes(text), text.len());
        if graphemes <= GRAPHEMES && bytes <= BYTES {
            return None;
        }
        let message = format!(
            "Bluesky takes {GRAPHEMES} characters and {BYTES} bytes; this has {graphemes} and {bytes}. Shorten it."
        );
        Some(FieldError::new("text", "too_long", message))
    }

    fn check_media(&self, pictures: &[Picture]) -> Vec<FieldError> {
        media::Limits { who: WHO, most: IMAGES, bytes: IMAGE_BYTES, ..media::ANY }.check(pictures)
    }

    fn freeze(&self, post: &Post, _: &DeliveryId) -> String {
        let at = post.when().map_or(post.updated_at, |when| when.scheduled_at);
        json(&Payload::new(&post.text, at))
    }

    async fn prepare(&self, request: Request<'_>) -> Prepared {
        if let Some(state) = request.prepared {
            return Prepared::Ready(Some(state.to_owned()));
        }
        match self.gather(&request).await {
            Ok(state) => Prepared::Ready(Some(json(&state))),
            Err(answer) => Prepared::Failed(answer),
        }
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let payload = Payload::read(request.payload);
        let state = State::read(&request, &payload);
        let did = &request.account.remote_id;
        let put = json!({
            "repo": did, "collection": POSTS, "rkey": state.rkey, "swapRecord": null,
            "record": record::whole(payload, &state),
        });
        let url = self.xrpc(&request.account.url, "com.atproto.repo.putRecord");
        let ask = Ask::post(url).bearer(request.secret).json(&put);
        match ask.send(&self.http, request.at_s).await {
            Err(missed) => Outcome::from(missed).into(),
            Ok(said) if said.ok() => {
                let gate =
                    gate::used_up(&said, "ratelimit-remaining", "ratelimit-reset", request.at_s);
                let outcome = match said.json()["uri"].as_str() {
                    Some(uri) => Outcome::Published {
                        remote_id: Some(uri.to_owned()),
                        remote_url: Some(self.permalink(did, &state.rkey)),
                    },
                    None => no_id(WHO),
                };
                gate::with(outcome, gate.and_then(gate::account))
            }
            Ok(said) => failed(&said, request.at_s, |outcome| outcome),
        }
    }

    async fn read_back(&self, request: Request<'_>) -> ReadBack {
        let state = State::read(&request, &Payload::read(request.payload));
        let did = &request.account.remote_id;
        let url = self.xrpc(&request.account.url, "com.atproto.repo.getRecord");
        let ask =
            Ask::get(url).query("repo", did).query("collection", POSTS).query("rkey", &state.rkey);
        let said = match ask.send(&self.http, request.at_s).await {
            Ok(said) if said.json()["error"] == "RecordNotFound" => return ReadBack::NotThere,
            said => read::read(WHO, said),
        };
        match said.map(|said| said.json()["uri"].as_str().map(str::to_owned)) {
            Ok(Some(id)) => {
                ReadBack::Found(vec![Remote { id, url: Some(self.permalink(did, &state.rkey)) }])
            }
            Ok(None) => ReadBack::Unreadable { message: "The record has no address.".into() },
            Err(unreadable) => unreadable,
        }
    }

    async fn refresh(&self, account: &Account, old: &Credentials, now: Timestamp) -> Refreshed {
        let Credentials::Tokens { refresh: Some(refresh), .. } = old else {
            return Refreshed::NotOffered;
        };
        let url = self.xrpc(&account.url, "com.atproto.server.refreshSession");
        match self.session(Ask::post(url).bearer(refresh), now).await {
            Ok((_, tokens)) => Refreshed::Renewed(tokens),
            Err(Ok(said)) if matches!(said.status, 400 | 401) => {
                Refreshed::Revoked { message: reconnect(WHO) }
            }
            Err(Ok(said)) => Refreshed::Unavailable {
                message: format!("{WHO} answered with status {}.", said.status),
            },
            Err(Err(message)) => Refreshed::Unavailable { message },
        }
    }

    async fn sign_in(&self, new: &NewAccount, now: Timestamp) -> Result<Granted, Vec<FieldError>> {
        let url = self.xrpc(&new.url, "com.atproto.server.createSession");
        let identifier = new.remote_id.trim_start_matches('@');
        let ask = Ask::post(url)
            .json(&json!({ "identifier": identifier, "password": new.secret.reveal() }));
        let wrong =
            |field: &str, code, message: String| vec![FieldError::new(field, code, message)];
        match self.session(ask, now).await {
            Ok((body, credentials)) => Ok(Granted {
                remote_id: body["did"].as_str().unwrap_or(identifier).to_owned(),
                name: new.name.clone(),
                url: if new.url.is_empty() { self.api.pds.clone() } else { new.url.clone() },
                credentials,
            }),
            Err(Ok(said)) if matches!(said.status, 400 | 401) => {
                let message = "Bluesky knows no account with this handle and app password.";
                Err(wrong("secret", "refused", message.into()))
            }
            Err(Ok(said)) => {
                let message =
                    format!("Bluesky answered with status {}. Try again later.", said.status);
                Err(wrong("platform", "unavailable", message))
            }
            Err(Err(message)) => Err(wrong("url", "unavailable", message)),
        }
    }
}

/// What an answer other than success means. `adapt` has the last word, for calls that change nothing.
fn failed(said: &Said, now_s: u64, adapt: impl Fn(Outcome) -> Outcome) -> Answer {
    let body = said.json();
    let words = body["message"].as_str().unwrap_or_default();
    let status = Some(said.status);
    let outcome = match body["error"].as_str().unwrap_or_default() {
        "ExpiredToken"
        | "InvalidToken"
        | "AuthMissing"
        | "AuthenticationRequired"
        | "AccountTakedown"
        | "AccountDeactivated" => refused(ErrorClass::Auth, reconnect(WHO), status),
        // The key is this delivery's alone: what stands there is an earlier attempt of it.
        "InvalidSwap" => refused(ErrorClass::Duplicate, "Bluesky has this post already.", status),
        "BlobNotFound" | "PayloadTooLarge" | "InvalidMimeType" => {
            let message = format!("Bluesky did not accept a picture: {words}");
            refused(ErrorClass::Media, message, status)
        }
        _ => usual(said, WHO, words),
    };
    let gate = gate::used_up(said, "ratelimit-remaining", "ratelimit-reset", now_s);
    gate::with(adapt(outcome), gate.and_then(gate::account))
}

fn tokens(access: &str, refresh: &str, now: Timestamp) -> Credentials {
    let end_s = expiry_s(access).unwrap_or(now.seconds() + ACCESS_S);
    Credentials::Tokens {
        access: Secret::new(access),
        refresh: Some(Secret::new(refresh)),
        issued_at: now,
        expires_at: i64::try_from(end_s.saturating_mul(1000)).ok().map(Timestamp::from_ms),
    }
}

/// The `exp` of a token that is a JWT (RFC 7519). Its signature is the server's matter.
fn expiry_s(token: &str) -> Option<u64> {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Value>(&claims).ok()?["exp"].as_u64()
}
