//! X, by its API version 2. Every call costs money: a post $0.015, with a link $0.200, a read $0.001 (prices of 2026-08).

mod weight;

use outbound::Http;
use posts::{
    Account, Answer, Attachment, Class, Credentials, DeliveryId, ErrorClass, FieldError, Gate,
    Granted, NewAccount, OAuthAsk, OAuthGrant, OAuthRefusal, Outcome, Picture, Post, Prepared,
    ReadBack, Refreshed, Request, Timestamp,
};
use serde_json::{Value, json};

use crate::apis::XApi;
use crate::call::{Ask, Part, Said, harmless, json, no_id, refused, usual};
use crate::oauth::{App, Named};
use crate::read::{Seen, Text};
use crate::{Platform, gate, media, oauth, read};

/// The platform's name in accounts.
pub const NAME: &str = "x";
const WHO: &str = "X";
/// Longest text, by X's weights.
const WEIGHT: usize = 280;
/// Most pictures of a post.
const IMAGES: usize = 4;
/// Largest picture in bytes.
const IMAGE_BYTES: u64 = 5_000_000;
/// How many posts are read back; each costs.
const READ: &str = "10";
/// What an account must grant.
const SCOPE: &str = "tweet.read tweet.write users.read media.write offline.access";

/// The platform.
#[derive(Debug, Clone)]
pub struct X {
    http: Http,
    api: XApi,
}

impl X {
    /// The platform, speaking through this client.
    pub fn new(http: Http, api: XApi) -> Self {
        Self { http, api }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/2/{path}", self.api.api)
    }

    fn permalink(&self, id: &str) -> String {
        format!("{}/i/web/status/{id}", self.api.web)
    }

    async fn upload(&self, request: &Request<'_>, it: &Attachment) -> Result<String, Answer> {
        let parts = [
            Part::Field("media_category", "tweet_image"),
            Part::File("media", &it.picture.mime, &it.bytes),
        ];
        let ask = Ask::post(self.url("media/upload")).multipart(request.idem_key, &parts);
        let said = self.harmless(request, ask).await?;
        let Some(id) = said.json()["data"]["id"].as_str().map(str::to_owned) else {
            return Err(harmless(no_id(WHO)).into());
        };
        if !it.picture.alt.is_empty() {
            let alt = json!({ "id": id, "metadata": { "alt_text": { "text": it.picture.alt } } });
            self.harmless(request, Ask::post(self.url("media/metadata")).json(&alt)).await?;
        }
        Ok(id)
    }

    /// A call that nobody sees.
    async fn harmless(&self, request: &Request<'_>, ask: Ask) -> Result<Said, Answer> {
        match ask.bearer(request.secret).send(&self.http, request.at_s).await {
            Ok(said) if said.ok() => Ok(said),
            Ok(said) => Err(failed(&said, request.at_s, harmless)),
            Err(missed) => Err(harmless(missed.into()).into()),
        }
    }

    fn app(&self) -> Result<App<'_>, OAuthRefusal> {
        let client = self.api.client.as_ref();
        Ok(App {
            who: WHO,
            client: client.ok_or(OAuthRefusal::NotConfigured("platforms.x.client"))?,
            authorize: format!("{}/i/oauth2/authorize", self.api.web),
            token: self.url("oauth2/token"),
            scope: SCOPE,
            named: Named::InHeader,
        })
    }
}

impl Platform for X {
    fn class(&self) -> Class {
        Class::Verifiable
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        crate::needs(account, "the account's number at X", "an access token")
    }

    fn check_text(&self, text: &str) -> Option<FieldError> {
        let weight = weight::of(text);
        let message =
            format!("X takes {WEIGHT} characters by its count; this has {weight}. Shorten it.");
        (weight > WEIGHT).then(|| FieldError::new("text", "too_long", message))
    }

    fn check_media(&self, pictures: &[Picture]) -> Vec<FieldError> {
        media::Limits { who: WHO, most: IMAGES, bytes: IMAGE_BYTES, ..media::ANY }.check(pictures)
    }

    fn freeze(&self, post: &Post, _: &DeliveryId) -> String {
        json(&Text { text: post.text.clone() })
    }

    async fn prepare(&self, request: Request<'_>) -> Prepared {
        if request.prepared.is_some() || request.media.is_empty() {
            return Prepared::Ready(request.prepared.map(str::to_owned));
        }
        let mut ids = Vec::new();
        for attachment in request.media {
            match self.upload(&request, attachment).await {
                Ok(id) => ids.push(id),
                Err(answer) => return Prepared::Failed(answer),
            }
        }
        Prepared::Ready(Some(json(&ids)))
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let mut body = json!({ "text": Text::of(request.payload) });
        let ids = request.prepared.and_then(|ids| serde_json::from_str::<Vec<String>>(ids).ok());
        if let Some(ids) = ids.filter(|ids| !ids.is_empty()) {
            body["media"] = json!({ "media_ids": ids });
        }
        let ask = Ask::post(self.url("tweets")).bearer(request.secret).json(&body);
        match ask.send(&self.http, request.at_s).await {
            Err(missed) => Outcome::from(missed).into(),
            // There may be `errors` beside it: with an id it is published.
            Ok(said) if said.ok() => {
                let outcome = match said.json()["data"]["id"].as_str() {
                    Some(id) => Outcome::Published {
                        remote_id: Some(id.to_owned()),
                        remote_url: Some(self.permalink(id)),
                    },
                    None => no_id(WHO),
                };
                gate::with(outcome, limit(&said, request.at_s))
            }
            Ok(said) => failed(&said, request.at_s, |outcome| outcome),
        }
    }

    async fn read_back(&self, request: Request<'_>) -> ReadBack {
        let ask = Ask::get(self.url(&format!("users/{}/tweets", request.account.remote_id)))
            .query("max_results", READ)
            .query("tweet.fields", "created_at,entities");
        let said = ask.bearer(request.secret).send(&self.http, request.at_s).await;
        match read::read(WHO, said) {
            Ok(said) => {
                let body = said.json();
                let list = body["data"].as_array().cloned().unwrap_or_default();
                let seen = list.iter().filter_map(|post| self.seen(post));
                read::matching(seen, &Text::of(request.payload), request.since_s)
            }
            Err(unreadable) => unreadable,
        }
    }

    async fn refresh(&self, _: &Account, old: &Credentials, now: Timestamp) -> Refreshed {
        match self.app() {
            Ok(app) => app.refresh(&self.http, old, now).await,
            Err(_) => Refreshed::NotOffered,
        }
    }

    fn authorize_url(&self, ask: OAuthAsk<'_>) -> Result<String, OAuthRefusal> {
        Ok(self.app()?.authorize_url(ask))
    }

    async fn exchange(&self, grant: OAuthGrant<'_>) -> Result<Vec<Granted>, OAuthRefusal> {
        let credentials = self.app()?.tokens(&self.http, grant).await?;
        let ask = Ask::get(self.url("users/me")).bearer(credentials.secret());
        let said = oauth::tell(&self.http, WHO, ask, grant.now).await?;
        let body = said.json();
        match (body["data"]["id"].as_str(), body["data"]["username"].as_str()) {
            (Some(id), Some(name)) => Ok(vec![Granted {
                remote_id: id.to_owned(),
                name: format!("@{name}"),
                url: format!("{}/{name}", self.api.web),
                credentials,
            }]),
            _ => Err(oauth::not_granted(WHO, &said)),
        }
    }
}

impl X {
    /// A post of the list, with its shortened links as they were written.
    fn seen(&self, post: &Value) -> Option<Seen> {
        let id = post["id"].as_str()?;
        let links = post["entities"]["urls"].as_array().cloned().unwrap_or_default();
        let expand = |text: String, link: &Value| match (
            link["url"].as_str(),
            link["expanded_url"].as_str(),
        ) {
            // A link to the post's own picture was not written by the author.
            (Some(short), Some(_)) if link["media_key"].is_string() => text.replace(short, ""),
            (Some(short), Some(long)) => text.replace(short, long),
            _ => text,
        };
        let text = links.iter().fold(post["text"].as_str()?.to_owned(), expand);
        let text = [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
            .into_iter()
            .fold(text, |text, (entity, meant)| text.replace(entity, meant));
        let at_s = post["created_at"].as_str().and_then(read::time_s);
        Some(Seen { id: id.to_owned(), url: Some(self.permalink(id)), text, at_s })
    }
}

/// X has a limit per account in a quarter of an hour, and one per app and day.
fn limit(said: &Said, now_s: u64) -> Option<Gate> {
    let day =
        gate::used_up(said, "x-app-limit-24hour-remaining", "x-app-limit-24hour-reset", now_s);
    let app = day.filter(|_| said.number("x-app-limit-24hour-remaining") == Some(0));
    app.and_then(gate::app).or_else(|| {
        gate::account(gate::used_up(said, "x-rate-limit-remaining", "x-rate-limit-reset", now_s)?)
    })
}

/// What an answer other than success means: a problem object, or the older list of errors.
fn failed(said: &Said, now_s: u64, adapt: impl Fn(Outcome) -> Outcome) -> Answer {
    let body = said.json();
    let words = [&body["detail"], &body["errors"][0]["message"], &body["title"]];
    let words = words.iter().find_map(|it| it.as_str()).unwrap_or_default();
    let duplicate = words.contains("duplicate content") || body["errors"][0]["code"] == 187;
    let outcome = if said.status == 403 && duplicate {
        refused(
            ErrorClass::Duplicate,
            "X has the same post of this account already. Change the text.",
            Some(403),
        )
    } else {
        usual(said, WHO, words)
    };
    gate::with(adapt(outcome), limit(said, now_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_days_limit_is_the_apps_and_the_other_the_accounts() {
        let now_s = 1_795_161_603;
        let reset = (now_s + 100).to_string();
        let day =
            [("x-app-limit-24hour-remaining", "0"), ("x-app-limit-24hour-reset", reset.as_str())];
        let quarter = [("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", reset.as_str())];
        let both = [day, quarter].concat();
        let left = [("x-rate-limit-remaining", "1"), ("x-rate-limit-reset", reset.as_str())];
        assert_eq!(limit(&Said::of(201, &day, ""), now_s), gate::app(100));
        assert_eq!(limit(&Said::of(429, &both, ""), now_s), gate::app(100));
        assert_eq!(limit(&Said::of(201, &quarter, ""), now_s), gate::account(100));
        assert_eq!(limit(&Said::of(429, &left, ""), now_s), gate::account(100));
        assert_eq!(limit(&Said::of(201, &left, ""), now_s), None);
    }
}
