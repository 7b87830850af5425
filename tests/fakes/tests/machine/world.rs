//! One server with one account on one fake, and a clock that is moved by hand.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::media::{Media, Place};
use aws_sdk_dynamodb::Client as Dynamo;
use data::Data;
use fakes::{Fake, Kind, TOKEN};
use platforms::apis::{
    BlueskyApi, Client, DiscordApi, LinkedInApi, MetaApi, SlackApi, TelegramApi, ThreadsApi, XApi,
};
use platforms::{Addresses, Apis, Http, Platforms};
use posts::{
    Account, AccountId, Announcement, Caller, DeliveryStatus, DeliveryView, MediaKey, NewAccount,
    NewMedium, NewPost, PostId, PostStatus, Secret, Settings, Timestamp, UserId, WorkspaceId,
};
use publishing::{Announcer, Publishing, Refusal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tracing_subscriber::fmt::MakeWriter;
use vault::{Keys, LocalKeys, Vault};

use crate::cut::Cut;

/// What the accounts are opened with, whole or in part.
pub(crate) const SECRETS: [&str; 4] = ["good-token", "goodtoken", "MfKQ9r8G", "app-password"];

/// Long enough for an answer on a busy machine, short enough to wait for one that never comes.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How far the clock is moved between two looks at least, and how often.
const STEP: Duration = Duration::from_secs(1);
const STEPS: u32 = 30;

/// One client for all tests: reading the system's certificates takes its time.
pub(crate) static HTTP: LazyLock<Http> = LazyLock::new(|| {
    let open = platforms::Settings::new(Addresses::AlsoPrivate);
    Http::new(platforms::Settings { timeout: TIMEOUT, ..open }).unwrap()
});

/// Keeps what is announced.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<String>>);

impl Announcer for Heard {
    async fn announce(&self, announcement: Announcement) {
        self.0.lock().unwrap().push_str(&announcement.data);
    }
}

pub(crate) struct World {
    pub(crate) fake: Fake,
    pub(crate) platforms: Platforms,
    /// Stops the store when it is told to.
    pub(crate) cut: Cut,
    client: Dynamo,
    vault: Arc<Vault>,
    settings: Settings,
    pub(crate) server: Arc<Publishing<Platforms, Heard>>,
    pub(crate) account: AccountId,
    pub(crate) me: Caller,
    heard: Heard,
}

impl World {
    pub(crate) async fn new(name: &str, kind: Kind) -> Self {
        Self::of(name, kind, false).await
    }

    /// A world whose process is alone on its store, or one of several.
    pub(crate) async fn of(name: &str, kind: Kind, alone: bool) -> Self {
        Self::reached_by(name, kind, None, alone).await
    }

    /// The same with a public address, where platforms fetch pictures; copies are served there.
    pub(crate) async fn public(name: &str, kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let world = Self::reached_by(name, kind, Some(&url), false).await;
        tokio::spawn(serve(listener, Arc::clone(&world.server)));
        world
    }

    async fn reached_by(name: &str, kind: Kind, public_url: Option<&str>, alone: bool) -> Self {
        let fake = Fake::start(kind).await.unwrap();
        let client = embedded::memory().unwrap();
        Data::new(client.clone()).create_tables_if_missing().await.unwrap();
        let cut = Cut::default();
        let data = Data::new(cut.on(&client));
        let vault = Arc::new(Vault::new(Keys::Local(LocalKeys::passing().unwrap())));
        let (platforms, heard) = (platforms(&fake.url()), Heard::default());
        // A limit of LinkedIn's may hold for an hour.
        let settings = Settings { late: Duration::from_secs(2 * 3600), alone };
        let media = Media::new(Place::memory(), Addresses::AlsoPrivate, public_url).unwrap();
        let parts = (platforms.clone(), heard.clone());
        let server = Publishing::new(data, Arc::clone(&vault), parts.0, parts.1, settings);
        let server = Arc::new(server.with_media(media));
        let workspaces = [WorkspaceId::parse("w").unwrap()].into_iter().collect();
        let me = Caller { user_id: UserId::parse("ann").unwrap(), workspaces };
        let new = new_account(name, &fake.url());
        // Tokens that are refused when they are new are not renewed.
        let before = now().minus(Duration::from_secs(120));
        let account = server.connect_account(&me, new, before).await.unwrap().id;
        Self { fake, platforms, cut, client, vault, settings, server, account, me, heard }
    }

    /// Publishes a post with a server that stops where the cut says, then with one that is started after it. Gives how
    /// the post and its delivery ended, and whether the first one stopped at all.
    pub(crate) async fn publish_with_a_stop(&self, text: &str) -> (PostStatus, DeliveryView, bool) {
        let start = now();
        let id = self.create(text, Vec::new()).await.unwrap();
        self.cut.begin();
        let start = start.plus(STEP);
        self.server.tick(start).await;
        let stopped = self.cut.end();
        let parts = (self.platforms.clone(), self.heard.clone());
        let data = Data::new(self.client.clone());
        let vault = Arc::clone(&self.vault);
        let again = Publishing::new(data, vault, parts.0, parts.1, self.settings);
        again.resume(start.plus(STEP)).await;
        for minute in 1..=40 {
            let view = again.get_post(&self.me, &id).await.unwrap();
            let over =
                !matches!(view.post.status(), PostStatus::Scheduled | PostStatus::Publishing);
            if over {
                return (view.post.status(), view.deliveries.into_iter().next().unwrap(), stopped);
            }
            again.tick(start.plus(Duration::from_secs(60 * minute))).await;
        }
        panic!("the post is not over after 40 minutes");
    }

    /// Schedules a post for now, and moves the clock until its delivery is over or waits for a person.
    pub(crate) async fn publish(&self, text: &str) -> DeliveryView {
        self.publish_with(text, Vec::new()).await
    }

    /// The same with pictures.
    pub(crate) async fn publish_with(&self, text: &str, media: Vec<NewMedium>) -> DeliveryView {
        let id = self.create(text, media).await.unwrap();
        self.end_of(&id).await
    }

    /// Schedules a post for now.
    pub(crate) async fn create(
        &self,
        text: &str,
        media: Vec<NewMedium>,
    ) -> Result<PostId, Refusal> {
        let start = now();
        let new = NewPost {
            text: text.to_owned(),
            media,
            accounts: vec![self.account.clone()],
            scheduled_at: Some(start),
            ..NewPost::default()
        };
        Ok(self.server.create_post(&self.me, new, start, None).await?.post.id)
    }

    /// Moves the clock until the post's delivery is over or waits for a person.
    pub(crate) async fn end_of(&self, id: &PostId) -> DeliveryView {
        let mut at = now();
        for _ in 0..STEPS {
            self.server.tick(at).await;
            let view = self.server.get_post(&self.me, id).await.unwrap();
            self.heard.0.lock().unwrap().push_str(&serde_json::to_string(&view).unwrap());
            let delivery = view.deliveries.into_iter().next().unwrap();
            if matches!(
                delivery.status,
                DeliveryStatus::Published
                    | DeliveryStatus::Failed
                    | DeliveryStatus::Unconfirmed
                    | DeliveryStatus::WaitingAccount
            ) {
                return delivery;
            }
            at = delivery.next_attempt_at.unwrap_or(at).max(at.plus(STEP));
        }
        panic!("the post is not over after {STEPS} steps");
    }

    /// Connects an account of X with this number.
    pub(crate) async fn connect(&self, remote_id: &str) -> AccountId {
        let new = NewAccount { remote_id: remote_id.into(), ..new_account("x", &self.fake.url()) };
        self.server.connect_account(&self.me, new, now()).await.unwrap().id
    }

    /// Connects another account of the server of Mastodon.
    pub(crate) async fn connect_mastodon(&self) -> Account {
        let new = new_account("mastodon", &self.fake.url());
        self.server.connect_account(&self.me, new, now()).await.unwrap()
    }

    /// Everything that was announced or answered, and what the parts show of themselves.
    pub(crate) fn told(&self) -> String {
        let shown = format!("{:?} {:?} {:?}", self.platforms, self.vault, self.server);
        self.heard.0.lock().unwrap().clone() + &shown
    }
}

/// Serves copies of pictures, as the gateway does.
async fn serve(listener: TcpListener, server: Arc<Publishing<Platforms, Heard>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") && stream.read_buf(&mut bytes).await.unwrap() > 0 {}
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default();
        let key = MediaKey::parse(path.trim_start_matches("/media/")).unwrap();
        let copy = server.get_media(&key).await.unwrap().bytes.remove(0);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", copy.len());
        let _ = stream.write_all(&[head.as_bytes(), &copy].concat()).await;
    }
}

/// Somebody's server with two pictures; their addresses.
pub(crate) async fn pictures() -> Vec<NewMedium> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"\r\n\r\n") && stream.read_buf(&mut bytes).await.unwrap() > 0 {}
            let number = bytes[5];
            let head = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x11\x08";
            let size = b"\x03\xe8\x03\xe8".as_slice();
            let picture = [head.as_slice(), size, &[number; 16]].concat();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", picture.len());
            let _ = stream.write_all(&[head.as_bytes(), &picture].concat()).await;
        }
    });
    let ask = |n| NewMedium { url: format!("{url}/{n}"), alt: format!("Picture {n}") };
    vec![ask(1), ask(2)]
}

pub(crate) fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_ms(i64::try_from(now.as_millis()).unwrap())
}

fn new_account(name: &str, fake: &str) -> NewAccount {
    let (url, remote_id, secret) = match name {
        "bluesky" => (fake.to_owned(), "alice.test", "app-password".to_owned()),
        "mastodon" => (fake.to_owned(), "", TOKEN.to_owned()),
        "webhook" => {
            (format!("{fake}/hook"), "", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())
        }
        "discord" => (String::new(), "", format!("{fake}/api/webhooks/1100/good-token")),
        "slack" => (String::new(), "", format!("{fake}/services/T1/B1/goodtoken")),
        "x" => (String::new(), "2244994945", TOKEN.to_owned()),
        "linkedin" => (String::new(), "urn:li:person:AbC", TOKEN.to_owned()),
        "linkedin_page" => (String::new(), "urn:li:organization:5", TOKEN.to_owned()),
        "telegram" => (String::new(), "@channel", TOKEN.to_owned()),
        _ => (String::new(), "17841", TOKEN.to_owned()),
    };
    NewAccount {
        workspace_id: None,
        platform: name.into(),
        name: "Ours".into(),
        url,
        remote_id: remote_id.into(),
        secret: Secret::new(secret),
    }
}

fn platforms(url: &str) -> Platforms {
    let base = || url.to_owned();
    let client = Client { id: "client-id".into(), secret: Some(Secret::new("client-secret")) };
    let client = || Some(client.clone());
    let meta = MetaApi {
        graph: base(),
        instagram: base(),
        web: base(),
        instagram_web: base(),
        instagram_login: base(),
        client: client(),
        instagram_client: client(),
        ..MetaApi::default()
    };
    let apis = Apis {
        bluesky: BlueskyApi { pds: base(), ..BlueskyApi::default() },
        x: XApi { api: base(), web: base(), client: client() },
        linkedin: LinkedInApi {
            api: base(),
            web: base(),
            client: client(),
            ..LinkedInApi::default()
        },
        meta,
        threads: ThreadsApi {
            graph: base(),
            web: base(),
            client: client(),
            ..ThreadsApi::default()
        },
        telegram: TelegramApi { api: base(), ..TelegramApi::default() },
        discord: DiscordApi { web: base(), ..DiscordApi::default() },
        slack: SlackApi { hooks: base() },
        ..Apis::default()
    };
    Platforms::new(HTTP.clone(), apis)
}

/// What the program logs, with everything that libraries log too.
#[derive(Clone, Default)]
pub(crate) struct Logged(Arc<Mutex<Vec<u8>>>);

/// Captures all logs of this process from now on.
pub(crate) fn capture() -> Logged {
    let logged = Logged::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(logged.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    logged
}

impl Logged {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logged {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
