//! Mastodon, and servers that speak its API.
//!
//! `Idempotency-Key` is kept for an hour by the server; a repeated key may answer 500 although the post is there, so a 500
//! after the first attempt is followed by a look.

mod instance;

use std::time::Duration;

use outbound::{Http, guard};
use posts::{
    Answer, Attachment, Class, Content, Credentials, DeliveryId, FieldError, Granted, LimitsRead,
    NewAccount, OAuthAsk, OAuthGrant, OAuthRefusal, Outcome, Picture, Post, Prepared, ReadBack,
    Remote, Request, Secret, ServerLimits, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::apis::{Client, MastodonApi};
use crate::call::{Ask, Part, Said, harmless, json, no_id, usual};
use crate::oauth::{App, Named};
use crate::read::{Seen, Text};
use crate::{Platform, gate, oauth, read, text};

/// The platform's name in accounts.
pub const NAME: &str = "mastodon";
const WHO: &str = "Mastodon";
/// How long a key is surely kept: an hour, less what clocks and a slow call may take.
const KEY_KEPT: Duration = Duration::from_secs(55 * 60);
/// What an account must grant.
const SCOPE: &str = "read:accounts read:statuses write:statuses write:media";
/// How many posts are read back.
const READ: &str = "20";
/// When to look again at a picture that is being processed, in seconds.
const LOOK_AGAIN_S: u64 = 5;

/// The platform.
#[derive(Debug, Clone)]
pub struct Mastodon {
    http: Http,
    api: MastodonApi,
}

/// What is prepared: ids of uploads, and how many of them are processed.
#[derive(Default, Serialize, Deserialize)]
struct State {
    media_ids: Vec<String>,
    ready: usize,
}

impl Mastodon {
    /// The platform, speaking through this client.
    pub fn new(http: Http, api: MastodonApi) -> Self {
        Self { http, api }
    }

    /// What is wrong with a post where its server takes what it says, or what servers usually do.
    pub(crate) fn check_content(&self, content: &Content<'_>) -> Vec<FieldError> {
        let usual = self.usual();
        let server = content.server.unwrap_or(&usual);
        let pictures = content.pictures.map(|pictures| instance::check_media(server, pictures));
        let text = instance::check_text(server, content.text);
        text.into_iter().chain(pictures.unwrap_or_default()).collect()
    }

    /// Asks a server what it takes. That is public, so no token goes along.
    pub(crate) async fn server_limits(&self, server: &str, now: Timestamp) -> LimitsRead {
        let said = Ask::get(url(server, "api/v2/instance")).send(&self.http, now.seconds()).await;
        match said {
            Ok(said) if said.ok() => {
                let usual = ServerLimits { server: instance::name(server), ..self.usual() };
                instance::takes(&said.json(), usual).map_or(LimitsRead::Unreadable, LimitsRead::Own)
            }
            Ok(_) | Err(_) => LimitsRead::Unreadable,
        }
    }

    fn usual(&self) -> ServerLimits {
        instance::usual(self.api.max_characters)
    }

    async fn upload(&self, request: &Request<'_>, it: &Attachment) -> Result<String, Answer> {
        let parts = [
            Part::Field("description", &it.picture.alt),
            Part::File("file", &it.picture.mime, &it.bytes),
        ];
        let ask = Ask::post(url(&request.account.url, "api/v2/media"))
            .bearer(request.secret)
            .multipart(request.idem_key, &parts);
        let said = ask.send(&self.http, request.at_s).await;
        let said = said.map_err(|missed| Answer::from(harmless(missed.into())))?;
        match said.json()["id"].as_str() {
            Some(id) if said.ok() => Ok(id.to_owned()),
            _ => Err(failed(&said, request.at_s, harmless)),
        }
    }

    /// Whether the server has processed an upload: 206 means that it has not.
    async fn processed(&self, request: &Request<'_>, id: &str) -> Result<bool, Answer> {
        let ask = Ask::get(url(&request.account.url, &format!("api/v1/media/{id}")));
        let said = ask.bearer(request.secret).send(&self.http, request.at_s).await;
        match said.map_err(|missed| Answer::from(harmless(missed.into())))? {
            said if said.status == 206 => Ok(false),
            said if said.ok() => Ok(true),
            said => Err(failed(&said, request.at_s, harmless)),
        }
    }

    async fn gather(&self, request: &Request<'_>) -> Result<Prepared, Answer> {
        let kept = request.prepared.and_then(|state| serde_json::from_str(state).ok());
        let mut state: State = kept.unwrap_or_default();
        for attachment in request.media.iter().skip(state.media_ids.len()) {
            state.media_ids.push(self.upload(request, attachment).await?);
        }
        while let Some(id) = state.media_ids.get(state.ready) {
            if !self.processed(request, id).await? {
                let retry_after_s = Some(LOOK_AGAIN_S);
                return Ok(Prepared::Processing { state: json(&state), retry_after_s });
            }
            state.ready += 1;
        }
        Ok(Prepared::Ready(Some(json(&state))))
    }
}

impl Platform for Mastodon {
    fn class(&self) -> Class {
        Class::IdempotentFor(KEY_KEPT)
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        let url = guard::check_url(&account.url, self.http.addresses()).err();
        let url = url.map(|refusal| FieldError::new("url", "invalid", refusal.to_string()));
        let message = "Give an access token with the scopes read:accounts, read:statuses, write:statuses and write:media as secret; Mastodon makes them under Preferences, Development.";
        let secret = account.secret.reveal().is_empty();
        let secret = secret.then(|| FieldError::new("secret", "required", message));
        url.into_iter().chain(secret).collect()
    }

    fn check_text(&self, text: &str) -> Option<FieldError> {
        instance::check_text(&self.usual(), text)
    }

    fn check_media(&self, pictures: &[Picture]) -> Vec<FieldError> {
        instance::check_media(&self.usual(), pictures)
    }

    fn freeze(&self, post: &Post, _: &DeliveryId) -> String {
        json(&Text { text: post.text.clone() })
    }

    async fn prepare(&self, request: Request<'_>) -> Prepared {
        self.gather(&request).await.unwrap_or_else(Prepared::Failed)
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let state: State =
            request.prepared.and_then(|state| serde_json::from_str(state).ok()).unwrap_or_default();
        let ask = Ask::post(url(&request.account.url, "api/v1/statuses"))
            .bearer(request.secret)
            .header("idempotency-key", request.idem_key)
            .json(&json!({ "status": Text::of(request.payload), "media_ids": state.media_ids }));
        match ask.send(&self.http, request.at_s).await {
            Err(missed) => Outcome::from(missed).into(),
            Ok(said) if said.ok() => {
                let outcome = said.read::<Status>().map_or_else(|| no_id(WHO), Status::published);
                gate::with(outcome, left(&said, request.at_s).and_then(gate::account))
            }
            Ok(said) if said.status == 500 && request.attempt > 1 => {
                match self.read_back(request).await {
                    ReadBack::Found(remotes) => published(remotes),
                    _ => failed(&said, request.at_s, |outcome| outcome),
                }
            }
            Ok(said) => failed(&said, request.at_s, |outcome| outcome),
        }
    }

    async fn read_back(&self, request: Request<'_>) -> ReadBack {
        let path = format!("api/v1/accounts/{}/statuses", request.account.remote_id);
        let ask = Ask::get(url(&request.account.url, &path)).query("limit", READ);
        let said = ask.bearer(request.secret).send(&self.http, request.at_s).await;
        match read::read(WHO, said) {
            Ok(said) => {
                let list = said.read::<Vec<Status>>().unwrap_or_default();
                let seen = list.into_iter().map(Status::seen);
                read::matching(seen, &Text::of(request.payload), request.since_s)
            }
            Err(unreadable) => unreadable,
        }
    }

    async fn register(
        &self,
        instance: &str,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<Option<Secret>, OAuthRefusal> {
        let open = self.http.addresses();
        guard::check_url(instance, open).map_err(|it| OAuthRefusal::Invalid(it.to_string()))?;
        let form =
            [("client_name", "Pushbridge"), ("redirect_uris", redirect_uri), ("scopes", SCOPE)];
        let ask = Ask::post(url(instance, "api/v1/apps")).form(&form);
        let said = oauth::tell(&self.http, WHO, ask, now).await?;
        let registered: Registered = said.read().ok_or_else(|| oauth::not_granted(WHO, &said))?;
        Ok(Some(Secret::new(json(&registered))))
    }

    fn authorize_url(&self, ask: OAuthAsk<'_>) -> Result<String, OAuthRefusal> {
        let client = Registered::read(ask.registered)?;
        Ok(app(&client, ask.instance).authorize_url(ask))
    }

    async fn exchange(&self, grant: OAuthGrant<'_>) -> Result<Vec<Granted>, OAuthRefusal> {
        let client = Registered::read(grant.registered)?;
        let tokens = app(&client, grant.instance).tokens(&self.http, grant).await?;
        let ask = Ask::get(url(grant.instance, "api/v1/accounts/verify_credentials"));
        let ask = ask.bearer(tokens.secret());
        let said = oauth::tell(&self.http, WHO, ask, grant.now).await?;
        let body = said.json();
        let id = body["id"].as_str().ok_or_else(|| oauth::not_granted(WHO, &said))?;
        let host = grant.instance.trim_start_matches("https://").trim_end_matches('/');
        let name = body["acct"].as_str().unwrap_or(id);
        Ok(vec![Granted {
            remote_id: id.to_owned(),
            name: format!("@{name}@{host}"),
            url: grant.instance.to_owned(),
            // Tokens of Mastodon do not end.
            credentials: Credentials::Key { key: tokens.secret().clone() },
        }])
    }

    async fn sign_in(&self, new: &NewAccount, now: Timestamp) -> Result<Granted, Vec<FieldError>> {
        let ask = Ask::get(url(&new.url, "api/v1/accounts/verify_credentials")).bearer(&new.secret);
        let said = ask.send(&self.http, now.seconds()).await;
        let said =
            said.map_err(|missed| vec![FieldError::new("url", "unavailable", oauth::why(missed))])?;
        match said.json()["id"].as_str() {
            Some(id) if said.ok() => Ok(Granted {
                remote_id: id.to_owned(),
                name: new.name.clone(),
                url: new.url.clone(),
                credentials: Credentials::Key { key: new.secret.clone() },
            }),
            _ if said.status >= 500 => {
                let message =
                    format!("Mastodon answered with status {}. Try again later.", said.status);
                Err(vec![FieldError::new("platform", "unavailable", message)])
            }
            _ => {
                let message =
                    "This server does not accept the token. Make one with the scope read:accounts.";
                Err(vec![FieldError::new("secret", "refused", message)])
            }
        }
    }
}

/// What registering with an instance gives (Mastodon API, "Create an application").
#[derive(Serialize, Deserialize)]
struct Registered {
    client_id: String,
    client_secret: Secret,
}

impl Registered {
    fn read(registered: Option<&Secret>) -> Result<Client, OAuthRefusal> {
        let read = registered.and_then(|it| serde_json::from_str::<Self>(it.reveal()).ok());
        let Self { client_id, client_secret } = read.ok_or_else(|| {
            OAuthRefusal::NotGranted("This server is not registered there. Begin again.".into())
        })?;
        Ok(Client { id: client_id, secret: Some(client_secret) })
    }
}

fn app<'a>(client: &'a Client, instance: &str) -> App<'a> {
    App {
        who: WHO,
        client,
        authorize: url(instance, "oauth/authorize"),
        token: url(instance, "oauth/token"),
        scope: SCOPE,
        named: Named::InForm,
    }
}

/// A post as the API tells it.
#[derive(Deserialize)]
struct Status {
    id: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    content: String,
    #[serde(default)]
    created_at: String,
}

impl Status {
    fn published(self) -> Outcome {
        Outcome::Published { remote_id: Some(self.id), remote_url: self.url }
    }

    fn seen(self) -> Seen {
        let (text, at_s) = (text::of_html(&self.content), read::time_s(&self.created_at));
        Seen { id: self.id, url: self.url, text, at_s }
    }
}

fn published(remotes: Vec<Remote>) -> Answer {
    let first = remotes.into_iter().next();
    let (remote_id, remote_url) = first.map_or((None, None), |it| (Some(it.id), it.url));
    Outcome::Published { remote_id, remote_url }.into()
}

fn url(instance: &str, path: &str) -> String {
    format!("{}/{path}", instance.trim_end_matches('/'))
}

/// Seconds until the limit is over, if it is used up. Mastodon writes the end as a time.
fn left(said: &Said, now_s: u64) -> Option<u64> {
    let used_up = said.status == 429 || said.number("x-ratelimit-remaining") == Some(0);
    let until = read::time_s(said.header("x-ratelimit-reset")?)?;
    used_up.then(|| until.saturating_sub(now_s).max(1))
}

fn failed(said: &Said, now_s: u64, adapt: impl Fn(Outcome) -> Outcome) -> Answer {
    let body: Value = said.json();
    let outcome = usual(said, WHO, body["error"].as_str().unwrap_or_default());
    gate::with(adapt(outcome), left(said, now_s).and_then(gate::account))
}
