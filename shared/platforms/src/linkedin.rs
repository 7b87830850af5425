//! LinkedIn: members and organizations, by the versioned Posts API.
//!
//! Both are published to alike, but only an organization's posts may be read back, so they are two platforms of two classes.

mod little;

use outbound::Http;
use posts::{
    Account, Answer, Attachment, Class, Credentials, DeliveryId, ErrorClass, FieldError, Granted,
    NewAccount, OAuthAsk, OAuthGrant, OAuthRefusal, Outcome, Picture, Post, Prepared, ReadBack,
    Refreshed, Request, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::apis::LinkedInApi;
use crate::call::{Ask, Said, harmless, json, no_id, refused, usual};
use crate::oauth::{App, Named};
use crate::read::{Seen, Text};
use crate::{Platform, gate, media, oauth, read, text};

/// The name of members' accounts.
pub const MEMBER: &str = "linkedin";
/// The name of organizations' accounts.
pub const ORGANIZATION: &str = "linkedin_page";
const WHO: &str = "LinkedIn";
/// Longest text, in code units of UTF-16 (Posts API, "commentary").
const UNITS: usize = 3_000;
/// Most pictures of a post (MultiImage API).
const IMAGES: usize = 20;
/// Largest picture in pixels (Images API).
const PIXELS: u64 = 36_152_320;
/// How many posts are read back.
const READ: &str = "10";
/// Longest wait after a limit, in seconds: limits end at midnight UTC, and no hint says so.
const PAUSE_S: u64 = 3_600;
const DAY_S: u64 = 86_400;

/// Whose accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A member's own.
    Member,
    /// An organization's page.
    Organization,
}

/// The platform.
#[derive(Debug, Clone)]
pub struct LinkedIn {
    http: Http,
    api: LinkedInApi,
    whose: Whose,
}

/// What is frozen.
#[derive(Default, Serialize, Deserialize)]
struct Payload {
    /// In little text.
    text: String,
    /// The first link, shown as a card when there are no pictures: LinkedIn makes none by itself.
    link: Option<String>,
}

/// An uploaded picture.
#[derive(Clone, Serialize, Deserialize)]
struct Image {
    id: String,
    #[serde(rename = "altText")]
    alt: String,
}

impl LinkedIn {
    /// The platform, speaking through this client.
    pub fn new(http: Http, api: LinkedInApi, whose: Whose) -> Self {
        Self { http, api, whose }
    }

    fn ask(&self, ask: Ask, request: &Request<'_>) -> Ask {
        self.versioned(ask.bearer(request.secret))
    }

    fn permalink(&self, urn: &str) -> String {
        format!("{}/feed/update/{urn}/", self.api.web)
    }

    async fn upload(&self, request: &Request<'_>, it: &Attachment) -> Result<Image, Answer> {
        let url = format!("{}/rest/images?action=initializeUpload", self.api.api);
        let body = json!({ "initializeUploadRequest": { "owner": request.account.remote_id } });
        let said = self.harmless(request, self.ask(Ask::post(url), request).json(&body)).await?;
        let value = &said.json()["value"];
        let (Some(url), Some(id)) = (value["uploadUrl"].as_str(), value["image"].as_str()) else {
            return Err(harmless(no_id(WHO)).into());
        };
        let ask = Ask::new(reqwest::Method::PUT, url).bearer(request.secret);
        self.harmless(request, ask.bytes(&it.picture.mime, it.bytes.clone())).await?;
        Ok(Image { id: id.to_owned(), alt: it.picture.alt.clone() })
    }

    /// A call that nobody sees.
    async fn harmless(&self, request: &Request<'_>, ask: Ask) -> Result<Said, Answer> {
        match ask.send(&self.http, request.at_s).await {
            Ok(said) if said.ok() => Ok(said),
            Ok(said) => Err(failed(&said, request.at_s, harmless)),
            Err(missed) => Err(harmless(missed.into()).into()),
        }
    }

    fn app(&self) -> Result<App<'_>, OAuthRefusal> {
        let client = self.api.client.as_ref();
        Ok(App {
            who: WHO,
            client: client.ok_or(OAuthRefusal::NotConfigured("platforms.linkedin.client"))?,
            authorize: format!("{}/oauth/v2/authorization", self.api.web),
            token: format!("{}/oauth/v2/accessToken", self.api.web),
            scope: match self.whose {
                Whose::Member => "openid profile w_member_social",
                Whose::Organization => {
                    "rw_organization_admin w_organization_social r_organization_social"
                }
            },
            named: Named::InForm,
        })
    }

    fn versioned(&self, ask: Ask) -> Ask {
        ask.header("linkedin-version", &self.api.version)
            .header("x-restli-protocol-version", "2.0.0")
    }

    async fn member(
        &self,
        credentials: Credentials,
        now: Timestamp,
    ) -> Result<Vec<Granted>, OAuthRefusal> {
        let url = format!("{}/v2/userinfo", self.api.api);
        let said = oauth::tell(&self.http, WHO, Ask::get(url).bearer(credentials.secret()), now);
        let said = said.await?;
        let body = said.json();
        let id = body["sub"].as_str().ok_or_else(|| oauth::not_granted(WHO, &said))?;
        Ok(vec![Granted {
            remote_id: format!("urn:li:person:{id}"),
            name: body["name"].as_str().unwrap_or(WHO).to_owned(),
            url: self.api.web.clone(),
            credentials,
        }])
    }

    /// The organizations that the member may post for (Organization Access Control API).
    async fn organizations(
        &self,
        credentials: Credentials,
        now: Timestamp,
    ) -> Result<Vec<Granted>, OAuthRefusal> {
        let url = format!("{}/rest/organizationAcls", self.api.api);
        let ask = Ask::get(url)
            .query("q", "roleAssignee")
            .query("role", "ADMINISTRATOR")
            .query("state", "APPROVED")
            .bearer(credentials.secret());
        let said = oauth::tell(&self.http, WHO, self.versioned(ask), now).await?;
        let body = said.json();
        let list = body["elements"].as_array().cloned().unwrap_or_default();
        let mut found = Vec::new();
        for urn in list.iter().filter_map(|it| it["organization"].as_str()).take(oauth::MOST) {
            let id = urn.rsplit(':').next().unwrap_or_default();
            let ask = Ask::get(format!("{}/rest/organizations/{id}", self.api.api));
            let ask = self.versioned(ask.bearer(credentials.secret()));
            // A name is a courtesy: without it the account is connected all the same.
            let said = oauth::tell(&self.http, WHO, ask, now).await.ok();
            let name = said.and_then(|it| it.json()["localizedName"].as_str().map(str::to_owned));
            found.push(Granted {
                remote_id: urn.to_owned(),
                name: name.unwrap_or_else(|| urn.to_owned()),
                url: self.api.web.clone(),
                credentials: credentials.clone(),
            });
        }
        Ok(found)
    }
}

impl Platform for LinkedIn {
    fn class(&self) -> Class {
        match self.whose {
            // Reading a member's posts needs a permission that LinkedIn does not grant to apps like this one.
            Whose::Member => Class::Opaque,
            Whose::Organization => Class::Verifiable,
        }
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        let (prefix, example) = match self.whose {
            Whose::Member => ("urn:li:person:", "urn:li:person:AbC123"),
            Whose::Organization => ("urn:li:organization:", "urn:li:organization:2414183"),
        };
        if !account.remote_id.starts_with(prefix) {
            let message = format!("Give the author's URN as remote_id, such as \"{example}\".");
            return vec![FieldError::new("remote_id", "invalid", message)];
        }
        crate::needs(account, "the author's URN", "an access token")
    }

    fn check_text(&self, text: &str) -> Option<FieldError> {
        let units = text::utf16(text);
        let message = format!("LinkedIn takes {UNITS} characters; this has {units}. Shorten it.");
        (units > UNITS).then(|| FieldError::new("text", "too_long", message))
    }

    fn check_media(&self, pictures: &[Picture]) -> Vec<FieldError> {
        let types = &["image/jpeg", "image/png", "image/gif"];
        media::Limits { who: WHO, most: IMAGES, pixels: PIXELS, types, ..media::ANY }
            .check(pictures)
    }

    fn freeze(&self, post: &Post, _: &DeliveryId) -> String {
        let link = text::links(&post.text).first().map(|link| link.text.to_owned());
        json(&Payload { text: little::escape(&post.text), link })
    }

    async fn prepare(&self, request: Request<'_>) -> Prepared {
        if request.prepared.is_some() || request.media.is_empty() {
            return Prepared::Ready(request.prepared.map(str::to_owned));
        }
        let mut images = Vec::new();
        for attachment in request.media {
            match self.upload(&request, attachment).await {
                Ok(image) => images.push(image),
                Err(answer) => return Prepared::Failed(answer),
            }
        }
        Prepared::Ready(Some(json(&images)))
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let images = request.prepared.and_then(|images| serde_json::from_str(images).ok());
        let body = post(&request, images.unwrap_or_default());
        let url = format!("{}/rest/posts", self.api.api);
        match self.ask(Ask::post(url), &request).json(&body).send(&self.http, request.at_s).await {
            Err(missed) => Outcome::from(missed).into(),
            Ok(said) if said.ok() => {
                let published = |urn: &str| Outcome::Published {
                    remote_id: Some(urn.to_owned()),
                    remote_url: Some(self.permalink(urn)),
                };
                said.header("x-restli-id").map_or_else(|| no_id(WHO), published).into()
            }
            Ok(said) => failed(&said, request.at_s, |outcome| outcome),
        }
    }

    async fn read_back(&self, request: Request<'_>) -> ReadBack {
        if self.whose == Whose::Member {
            return ReadBack::Unreadable { message: "A member's posts cannot be read.".into() };
        }
        let ask = Ask::get(format!("{}/rest/posts", self.api.api))
            .query("q", "author")
            .query("author", &request.account.remote_id)
            .query("count", READ)
            .query("sortBy", "CREATED");
        let said = self.ask(ask, &request).send(&self.http, request.at_s).await;
        match read::read(WHO, said) {
            Ok(said) => {
                let body = said.json();
                let list = body["elements"].as_array().cloned().unwrap_or_default();
                let seen = list.iter().filter_map(|it| self.seen(it));
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
        match self.whose {
            Whose::Member => self.member(credentials, grant.now).await,
            Whose::Organization => self.organizations(credentials, grant.now).await,
        }
    }
}

impl LinkedIn {
    fn seen(&self, post: &Value) -> Option<Seen> {
        let id = post["id"].as_str()?;
        let at_ms = post["publishedAt"].as_u64().or_else(|| post["createdAt"].as_u64());
        Some(Seen {
            id: id.to_owned(),
            url: Some(self.permalink(id)),
            text: post["commentary"].as_str()?.to_owned(),
            at_s: at_ms.map(|ms| ms / 1000),
        })
    }
}

fn post(request: &Request<'_>, images: Vec<Image>) -> Value {
    let Payload { text, link } = serde_json::from_str(request.payload).unwrap_or_default();
    let mut body = json!({
        "author": request.account.remote_id,
        "commentary": text,
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": false,
    });
    match images.as_slice() {
        [] => {
            if let Some(source) = link {
                let title = source.split_once("://").map_or(source.as_str(), |(_, rest)| rest);
                body["content"] = json!({ "article": { "source": source, "title": title } });
            }
        }
        [one] => body["content"] = json!({ "media": one }),
        several => body["content"] = json!({ "multiImage": { "images": several } }),
    }
    body
}

fn failed(said: &Said, now_s: u64, adapt: impl Fn(Outcome) -> Outcome) -> Answer {
    let body = said.json();
    let words = body["message"].as_str().unwrap_or_default();
    let outcome = match said.status {
        // A later version of Pushbridge, or the setting, names a version that is still served.
        426 => refused(
            ErrorClass::Internal,
            "LinkedIn no longer serves the configured version of its API. Tell the operator to set platforms.linkedin.version.",
            Some(426),
        ),
        409 | 422 if said.text().contains("DUPLICATE_POST") => refused(
            ErrorClass::Duplicate,
            "LinkedIn has the same post of this account already. Change the text.",
            Some(said.status),
        ),
        _ => usual(said, WHO, words),
    };
    let midnight_s = DAY_S - now_s % DAY_S;
    let gate = (said.status == 429).then_some(midnight_s.min(PAUSE_S)).and_then(gate::account);
    gate::with(adapt(outcome), gate)
}

#[cfg(test)]
mod tests {
    use posts::{AccountId, AccountStatus, Secret, UserId, WorkspaceId};

    use super::*;

    #[test]
    fn a_link_becomes_a_card_unless_there_are_pictures() {
        let account = Account {
            id: AccountId::parse("a").unwrap(),
            workspace_id: WorkspaceId::parse("w").unwrap(),
            platform: MEMBER.into(),
            name: String::new(),
            url: String::new(),
            remote_id: "urn:li:person:AbC".into(),
            created_by: UserId::parse("u").unwrap(),
            created_at: Timestamp::from_ms(0),
            status: AccountStatus::Connected,
            limits: None,
            version: 1,
        };
        let payload =
            json(&Payload { text: "see".into(), link: Some("https://example.com/a_b".into()) });
        let secret = Secret::new("");
        let request = Request {
            account: &account,
            secret: &secret,
            idem_key: "key",
            payload: &payload,
            attempt: 1,
            at_s: 0,
            since_s: 0,
            prepared: None,
            media: &[],
        };
        let article = json!({ "source": "https://example.com/a_b", "title": "example.com/a_b" });
        assert_eq!(post(&request, Vec::new())["content"]["article"], article);
        let image = Image { id: "urn:li:image:1".into(), alt: "one".into() };
        let content = &post(&request, vec![image])["content"];
        assert_eq!(content, &json!({ "media": { "id": "urn:li:image:1", "altText": "one" } }));
    }
}
