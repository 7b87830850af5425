//! Instagram and Threads publish in two steps: a container is made and checked, then published. The container's id is kept
//! before that, which makes an unknown outcome decidable.

use outbound::Http;
use posts::{Answer, ErrorClass, Outcome, Prepared, ReadBack, Request, Secret};
use serde_json::{Value, json};

use crate::call::{Ask, limited, no_id, refused};
use crate::meta::Container;
use crate::read::Text;
use crate::{gate, media, meta};

/// How many posts are read back.
const READ: &str = "20";
/// When to look again whether the quota of a rolling day has room, in seconds.
const QUOTA_AGAIN_S: u64 = 3_600;

/// How often a container is made anew for one delivery. Ours: each lives for a day, as long as a post may be late.
const ANEW: u32 = 3;

/// A container, and how often it was made anew before.
struct Made {
    id: String,
    anew: u32,
}

impl Made {
    /// Reads what is kept: `id`, or `id#times`.
    fn read(state: &str) -> Self {
        let counted = state.rsplit_once('#').and_then(|(id, anew)| Some((id, anew.parse().ok()?)));
        let (id, anew) = counted.unwrap_or((state, 0));
        Self { id: id.to_owned(), anew }
    }

    /// What is kept of it.
    fn state(&self) -> String {
        match self.anew {
            0 => self.id.clone(),
            times => format!("{}#{times}", self.id),
        }
    }
}

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
        if request.prepared.is_none() && !self.kinds && request.media.is_empty() {
            return Prepared::Failed(media::required(self.who).into());
        }
        self.made(request).await.unwrap_or_else(Prepared::Failed)
    }

    /// A container that is made, or was: looked at, and made anew if it is not there any more. Whatever an attempt came to,
    /// that is as safe as sending again, to which looks have agreed: what expired was never published.
    async fn made(&self, request: &Request<'_>) -> Result<Prepared, Answer> {
        let made = match request.prepared {
            Some(state) => Made::read(state),
            None => Made { id: self.container(request).await?, anew: 0 },
        };
        let Ok(found) = self.look(&made.id, request).await else {
            // The container is there: only the look at it failed.
            return Ok(Prepared::Processing { state: made.state(), retry_after_s: None });
        };
        if !matches!(found, Container::Expired | Container::Gone) {
            return Ok(meta::prepared(self.who, made.state(), found));
        }
        if made.anew >= ANEW {
            let message = format!(
                "{} let what was prepared expire again and again. Publish it again.",
                self.who
            );
            return Err(refused(ErrorClass::PlatformUnavailable, message, None).into());
        }
        let made = Made { id: self.container(request).await?, anew: made.anew + 1 };
        let found = self.look(&made.id, request).await.unwrap_or(Container::Waiting);
        Ok(meta::prepared(self.who, made.state(), found))
    }

    pub(crate) async fn publish(&self, request: &Request<'_>) -> Answer {
        let Some(made) = request.prepared.map(Made::read) else {
            return media::required(self.who).into();
        };
        let url = self.edge(request, self.edges[1]);
        let ask = Ask::post(url).bearer(request.secret).json(&json!({ "creation_id": made.id }));
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
        let Some(made) = request.prepared.map(Made::read) else { return ReadBack::NotThere };
        let found = self.look(&made.id, request).await;
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

    async fn look(&self, id: &str, request: &Request<'_>) -> Result<Container, Answer> {
        meta::container(self.http, self.who, self.node(id), self.fields[1], request).await
    }

    fn node(&self, id: &str) -> String {
        format!("{}/{id}", self.base)
    }

    fn edge(&self, request: &Request<'_>, edge: &str) -> String {
        format!("{}/{}/{edge}", self.base, request.account.remote_id)
    }
}
