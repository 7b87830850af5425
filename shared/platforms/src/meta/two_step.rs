//! Instagram and Threads publish in two steps: a container is made and checked, then published. The container's id is kept
//! before that, which makes an unknown outcome decidable.

use outbound::Http;
use posts::{Answer, Outcome, Prepared, ReadBack, Request, Secret};
use serde_json::{Value, json};

use crate::call::{Ask, limited, no_id};
use crate::read::Text;
use crate::{gate, media, meta};

/// How many posts are read back.
const READ: &str = "20";
/// When to look again whether the quota of a rolling day has room, in seconds.
const QUOTA_AGAIN_S: u64 = 3_600;

/// What differs between the two.
pub(crate) struct TwoStep<'a> {
    pub(crate) http: &'a Http,
    pub(crate) who: &'static str,
    /// The API's address, with its version.
    pub(crate) base: String,
    /// The edge that makes containers and lists posts, the one that publishes, and the one that tells the quota.
    pub(crate) edges: [&'static str; 3],
    /// The field of a post's text, and that of a container's status.
    pub(crate) fields: [&'static str; 2],
    /// Whether containers name their kind, and a post may have no pictures.
    pub(crate) kinds: bool,
    /// The secret that making proves to know.
    pub(crate) app_secret: Option<&'a Secret>,
}

impl TwoStep<'_> {
    pub(crate) async fn prepare(&self, request: &Request<'_>) -> Prepared {
        let id = match request.prepared {
            Some(id) => id.to_owned(),
            None if !self.kinds && request.media.is_empty() => {
                return Prepared::Failed(media::required(self.who).into());
            }
            None => match self.container(request).await {
                Ok(id) => id,
                Err(answer) => return Prepared::Failed(answer),
            },
        };
        match self.look(&id, request).await {
            Ok(found) => meta::prepared(self.who, id, found),
            // The container is there: only the look at it failed.
            Err(_) => Prepared::Processing { state: id, retry_after_s: None },
        }
    }

    pub(crate) async fn publish(&self, request: &Request<'_>) -> Answer {
        let Some(container) = request.prepared else {
            return media::required(self.who).into();
        };
        let url = self.edge(request, self.edges[1]);
        let ask = Ask::post(url).bearer(request.secret).json(&json!({ "creation_id": container }));
        match ask.send(self.http, request.at_s).await {
            Err(missed) => Outcome::from(missed).into(),
            Ok(said) if said.ok() => {
                let Some(id) = said.json()["id"].as_str().map(str::to_owned) else {
                    return no_id(self.who).into();
                };
                let remote_url = meta::permalink(self.http, self.node(&id), request).await;
                let outcome = Outcome::Published { remote_id: Some(id), remote_url };
                gate::with(outcome, meta::usage(&said))
            }
            Ok(said) => meta::failed(&said, self.who, |outcome| outcome),
        }
    }

    pub(crate) async fn read_back(&self, request: &Request<'_>) -> ReadBack {
        let Some(container) = request.prepared else { return ReadBack::NotThere };
        let found = self.look(container, request).await;
        let text = self.fields[0];
        let ask = Ask::get(self.edge(request, self.edges[0]))
            .query("fields", &format!("id,{text},permalink,timestamp"))
            .query("limit", READ);
        let list = meta::list(self.http, self.who, ask, text, request).await;
        meta::reconciled(found, list)
    }

    /// The container of the post: of its text, its one picture, or of a carousel.
    async fn container(&self, request: &Request<'_>) -> Result<String, Answer> {
        self.check_quota(request).await?;
        let text = Text::of(request.payload);
        let mut pictures = Vec::new();
        for attachment in request.media {
            let url = attachment.url.as_deref().ok_or_else(|| media::no_url(self.who))?;
            let picture = json!({ "image_url": url, "alt_text": attachment.picture.alt });
            pictures.push(self.of_kind("IMAGE", picture));
        }
        match pictures.as_mut_slice() {
            [] => return self.make(request, self.of_kind("TEXT", self.saying(&text))).await,
            [picture] => {
                picture[self.fields[0]] = text.into();
                return self.make(request, picture.take()).await;
            }
            _ => {}
        }
        let mut children = Vec::new();
        for mut picture in pictures {
            picture["is_carousel_item"] = true.into();
            children.push(self.make(request, picture).await?);
        }
        let mut carousel = self.saying(&text);
        carousel["media_type"] = "CAROUSEL".into();
        carousel["children"] = if self.kinds { children.join(",").into() } else { children.into() };
        self.make(request, carousel).await
    }

    /// Asks how much of the quota of a rolling day is used. An answer that says nothing stops nobody: what is over the
    /// quota is refused later all the same.
    async fn check_quota(&self, request: &Request<'_>) -> Result<(), Answer> {
        let ask = Ask::get(self.edge(request, self.edges[2])).query("fields", "quota_usage,config");
        let said = ask.bearer(request.secret).send(self.http, request.at_s).await.ok();
        let Some(body) = said.filter(|said| said.ok()).map(|said| said.json()) else {
            return Ok(());
        };
        let quota = &body["data"][0];
        let (used, most) = (quota["quota_usage"].as_u64(), quota["config"]["quota_total"].as_u64());
        if used.zip(most).is_none_or(|(used, most)| used < most) {
            return Ok(());
        }
        Err(gate::with(limited(self.who, Some(QUOTA_AGAIN_S)), gate::account(QUOTA_AGAIN_S)))
    }

    fn saying(&self, text: &str) -> Value {
        let mut body = json!({});
        body[self.fields[0]] = text.into();
        body
    }

    fn of_kind(&self, kind: &str, mut body: Value) -> Value {
        if self.kinds {
            body["media_type"] = kind.into();
        }
        body
    }

    async fn make(&self, request: &Request<'_>, mut body: Value) -> Result<String, Answer> {
        if let Some(secret) = self.app_secret {
            body["appsecret_proof"] = meta::proof(secret, request.secret).into();
        }
        let ask = Ask::post(self.edge(request, self.edges[0])).json(&body);
        meta::make(self.http, self.who, ask, request).await
    }

    async fn look(&self, id: &str, request: &Request<'_>) -> Result<meta::Container, Answer> {
        meta::container(self.http, self.who, self.node(id), self.fields[1], request).await
    }

    fn node(&self, id: &str) -> String {
        format!("{}/{id}", self.base)
    }

    fn edge(&self, request: &Request<'_>, edge: &str) -> String {
        format!("{}/{}/{edge}", self.base, request.account.remote_id)
    }
}
