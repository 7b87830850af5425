//! One platform, one account, and a delivery that follows the rules of the machine.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fakes::{Fake, Kind, TOKEN};
use platforms::apis::{
    BlueskyApi, DiscordApi, LinkedInApi, MetaApi, SlackApi, TelegramApi, ThreadsApi, XApi,
};
use platforms::{Addresses, Apis, Http, Platforms, Settings};
use posts::{
    Account, AccountId, AfterUnknown, Attachment, Class, DeliveryId, ErrorClass, Outcome, Picture,
    Post, PostId, Prepared, PublishTo, ReadBack, Request, Secret, Stage, Timestamp, UserId, When,
    WorkspaceId,
};

/// Every platform, with the fake that plays it.
pub(crate) const ALL: [(&str, Kind); 12] = [
    ("bluesky", Kind::Bluesky),
    ("discord", Kind::Discord),
    ("facebook", Kind::Facebook),
    ("instagram", Kind::Instagram),
    ("linkedin", Kind::LinkedIn),
    ("linkedin_page", Kind::LinkedIn),
    ("mastodon", Kind::Mastodon),
    ("slack", Kind::Slack),
    ("telegram", Kind::Telegram),
    ("threads", Kind::Threads),
    ("webhook", Kind::Webhook),
    ("x", Kind::X),
];

/// Long enough for an answer on a busy machine, short enough to wait for one that never comes.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One client for all tests: reading the system's certificates takes its time.
static HTTP: LazyLock<Http> = LazyLock::new(|| {
    let settings = Settings { timeout: TIMEOUT, ..Settings::new(Addresses::AlsoPrivate) };
    Http::new(settings).unwrap()
});

/// How a delivery ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Published,
    /// A later look or answer found that an earlier attempt had worked.
    Recovered,
    Refused(ErrorClass),
    Unconfirmed,
}

pub(crate) struct Setting {
    pub(crate) fake: Fake,
    pub(crate) platforms: Platforms,
    pub(crate) account: Account,
    pub(crate) secret: Secret,
    pub(crate) media: Vec<Attachment>,
    pub(crate) payload: String,
}

impl Setting {
    pub(crate) async fn new(name: &str, kind: Kind, text: &str) -> Self {
        let fake = Fake::start(kind).await.unwrap();
        let platforms = platforms(&fake.url());
        let account = account(name, &fake.url());
        let secret = secret(name, &fake.url());
        let delivery = DeliveryId::parse("dlv_1").unwrap();
        let payload = platforms.freeze(name, &post(text), &delivery);
        let media = if name == "instagram" { vec![picture("one")] } else { Vec::new() };
        Self { fake, platforms, account, secret, media, payload }
    }

    pub(crate) fn request<'a>(&'a self, attempt: u32, prepared: Option<&'a str>) -> Request<'a> {
        Request {
            account: &self.account,
            secret: &self.secret,
            idem_key: "0123456789abcdef01234567",
            payload: &self.payload,
            attempt,
            at_s: now_s(),
            since_s: now_s(),
            prepared,
            media: &self.media,
        }
    }

    pub(crate) fn class(&self) -> Class {
        self.platforms.class(&self.account.platform).unwrap()
    }

    /// Prepares until the platform is ready.
    pub(crate) async fn prepare(&self) -> Result<Option<String>, Outcome> {
        let mut state: Option<String> = None;
        loop {
            match self.platforms.prepare(self.request(1, state.as_deref())).await {
                Prepared::Ready(state) => return Ok(state),
                Prepared::Processing { state: next, .. } => state = Some(next),
                Prepared::Failed(answer) => return Err(answer.outcome),
            }
        }
    }

    /// One delivery by the rules: definite answers end it or are tried again, unknown ones go by the class. Ends with
    /// what the attempts came to.
    pub(crate) async fn deliver(&self) -> (End, Vec<Outcome>) {
        let state = self.prepare().await.expect("the platform is ready");
        let (mut outcomes, mut maybe_sent) = (Vec::new(), false);
        for attempt in 1..=6 {
            let request = self.request(attempt, state.as_deref());
            let outcome = self.platforms.publish(request).await.outcome;
            outcomes.push(outcome.clone());
            match outcome {
                Outcome::Published { .. } if maybe_sent => return (End::Recovered, outcomes),
                Outcome::Published { .. } => return (End::Published, outcomes),
                Outcome::Refused { class: ErrorClass::Duplicate, .. } if maybe_sent => {
                    return (End::Recovered, outcomes);
                }
                Outcome::Refused { class, .. } => return (End::Refused(class), outcomes),
                Outcome::NotSent { .. } | Outcome::RateLimited { .. } => continue,
                Outcome::Unknown { .. } => maybe_sent = true,
            }
            let first = Timestamp::from_ms(0);
            match self.class().after_unknown(first, first) {
                AfterUnknown::Resend => {}
                AfterUnknown::Unconfirmed => return (End::Unconfirmed, outcomes),
                AfterUnknown::ReadBack => match self.platforms.read_back(request).await {
                    ReadBack::Found(_) => return (End::Recovered, outcomes),
                    ReadBack::NotThere => {}
                    ReadBack::Unreadable { message } => panic!("cannot read back: {message}"),
                },
            }
        }
        panic!("six attempts were not enough: {outcomes:?}");
    }
}

pub(crate) fn platforms(url: &str) -> Platforms {
    let base = || url.to_owned();
    let client =
        || Some(serde_json::from_str(r#"{"id":"client","secret":"client-secret"}"#).unwrap());
    let apis = Apis {
        bluesky: BlueskyApi { pds: base(), ..BlueskyApi::default() },
        x: XApi { api: base(), client: client(), ..XApi::default() },
        linkedin: LinkedInApi {
            api: base(),
            web: base(),
            client: client(),
            ..LinkedInApi::default()
        },
        meta: MetaApi {
            graph: base(),
            instagram: base(),
            app_secret: Some(Secret::new("app-secret")),
            ..MetaApi::default()
        },
        threads: ThreadsApi { graph: base(), ..ThreadsApi::default() },
        telegram: TelegramApi { api: base(), ..TelegramApi::default() },
        discord: DiscordApi { web: base(), ..DiscordApi::default() },
        slack: SlackApi { hooks: base() },
        ..Apis::default()
    };
    Platforms::new(HTTP.clone(), apis)
}

fn account(name: &str, url: &str) -> Account {
    let (url, remote_id) = match name {
        "bluesky" => (url.to_owned(), "did:plc:fake"),
        "mastodon" => (url.to_owned(), "77"),
        "webhook" => (format!("{url}/hook"), ""),
        "discord" => (format!("{url}/channels/33/22"), "1100"),
        "x" => (String::new(), "2244994945"),
        "linkedin" => (String::new(), "urn:li:person:AbC"),
        "linkedin_page" => (String::new(), "urn:li:organization:5"),
        "telegram" => (String::new(), "@channel"),
        "slack" => (String::new(), ""),
        _ => (String::new(), "17841"),
    };
    Account {
        id: AccountId::parse("acc_1").unwrap(),
        workspace_id: WorkspaceId::parse("ws_1").unwrap(),
        platform: name.into(),
        name: "Account".into(),
        url,
        remote_id: remote_id.into(),
        created_by: UserId::parse("u_1").unwrap(),
        created_at: Timestamp::from_ms(0),
        status: posts::AccountStatus::Connected,
        limits: None,
        version: 1,
    }
}

pub(crate) fn secret(name: &str, url: &str) -> Secret {
    Secret::new(match name {
        "discord" => format!("{url}/api/webhooks/1100/good-token"),
        "slack" => format!("{url}/services/T1/B1/goodtoken"),
        "webhook" => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
        _ => TOKEN.to_owned(),
    })
}

pub(crate) fn post(text: &str) -> Post {
    let now = Timestamp::from_ms(i64::try_from(now_s() * 1000).unwrap());
    let when = When { scheduled_at: now, tz: None, local_time: None };
    Post {
        id: PostId::parse("post_1").unwrap(),
        workspace_id: WorkspaceId::parse("ws_1").unwrap(),
        author_id: UserId::parse("u_1").unwrap(),
        text: text.to_owned(),
        accounts: Vec::new(),
        stage: Stage::Scheduled { when },
        version: 1,
        media: Vec::new(),
        content_rev: 1,
        created_at: now,
        updated_at: now,
    }
}

pub(crate) fn picture(alt: &str) -> Attachment {
    let bytes = b"\xff\xd8\xff picture".to_vec();
    Attachment {
        picture: Picture {
            mime: "image/jpeg".into(),
            bytes: bytes.len() as u64,
            width: 1000,
            height: 1000,
            alt: alt.into(),
        },
        bytes,
        url: Some("https://media.example/a.jpg".into()),
    }
}

pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
