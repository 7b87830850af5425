//! A world with its own clock: tables in memory, a platform with a ledger, and everything that was announced.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::media::Media;
use data::Data;
use posts::{
    Account, AccountId, Answer, Caller, Class, Content, Credentials, DeliveryId, FieldError, Gate,
    Granted, NewAccount, NewPost, Outcome, Post, PostId, PostView, Prepared, ReadBack, Refreshed,
    Remote, Request, Secret, Settings, Timestamp, UserId, WorkspaceId,
};
use publishing::{PublishTo, Publishing};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use vault::{Keys, LocalKeys, Vault};

pub(crate) use crate::heard::Heard;
use crate::in_flight::InFlight;

pub(crate) type Server = Publishing<Ledger, Heard>;

pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_795_161_600_000);

pub(crate) fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// What the platform does with a call.
#[derive(Debug, Clone)]
pub(crate) enum Doing {
    /// Publishes nothing, answers this, and names a limit.
    Limit(Outcome, Gate),
    /// Publishes, and answers so.
    Publish,
    /// Publishes, and the answer is lost.
    LoseAnswer,
    /// Answers this, and publishes nothing.
    Answer(Outcome),
    /// Panics.
    Panic,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) account: AccountId,
    pub(crate) key: String,
    pub(crate) payload: String,
    pub(crate) attempt: u32,
}

/// A row of the ledger: what the platform has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    account: AccountId,
    key: String,
    payload: String,
}

/// A platform as its class says: an idempotent one has one row for each key, any other one for each call.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Inner>);

struct Inner {
    class: Class,
    rows: Mutex<Vec<Row>>,
    calls: Mutex<Vec<Call>>,
    script: Mutex<VecDeque<Doing>>,
    looks: Mutex<VecDeque<ReadBack>>,
    looked: AtomicUsize,
    preparing: Mutex<VecDeque<Prepared>>,
    renewing: Mutex<VecDeque<Refreshed>>,
    renewed: AtomicUsize,
    in_flight: InFlight,
    /// The pictures of each call.
    pictures: Mutex<Vec<Vec<Vec<u8>>>>,
    /// How many pictures a post may have.
    most_pictures: AtomicUsize,
    /// Whether pictures are fetched from addresses.
    fetches: AtomicBool,
    /// Calls to the account `slow` wait here, and so does what precedes those to `slow to prepare`.
    gate: Semaphore,
    begun: mpsc::UnboundedSender<AccountId>,
}

impl Ledger {
    pub(crate) fn rows(&self) -> usize {
        self.0.rows.lock().unwrap().len()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.calls.lock().unwrap().clone()
    }

    pub(crate) fn next(&self, doing: Doing) {
        self.0.script.lock().unwrap().push_back(doing);
    }

    pub(crate) fn open_gate(&self, calls: usize) {
        self.0.gate.add_permits(calls);
    }

    pub(crate) fn close_gate(&self) {
        self.0.gate.forget_permits(usize::MAX);
    }

    fn publish_row(&self, request: Request<'_>) {
        let mut rows = self.0.rows.lock().unwrap();
        let earlier = rows.iter().find(|row| row.key == request.idem_key);
        if let Some(row) = earlier {
            assert_eq!(row.payload, request.payload, "a resend has the same bytes");
            if matches!(self.0.class, Class::Idempotent | Class::IdempotentFor(_)) {
                return;
            }
        }
        rows.push(Row {
            account: request.account.id.clone(),
            key: request.idem_key.to_owned(),
            payload: request.payload.to_owned(),
        });
    }

    /// The next look sees this, whatever is there.
    pub(crate) fn next_look(&self, look: ReadBack) {
        self.0.looks.lock().unwrap().push_back(look);
    }

    pub(crate) fn looked(&self) -> usize {
        self.0.looked.load(Ordering::SeqCst)
    }

    pub(crate) fn next_prepared(&self, prepared: Prepared) {
        self.0.preparing.lock().unwrap().push_back(prepared);
    }

    /// The next renewal comes to this. Without one the account has nothing to renew.
    pub(crate) fn next_renewal(&self, refreshed: Refreshed) {
        self.0.renewing.lock().unwrap().push_back(refreshed);
    }

    /// The pictures of each call, the oldest first.
    pub(crate) fn pictures(&self) -> Vec<Vec<Vec<u8>>> {
        self.0.pictures.lock().unwrap().clone()
    }

    /// From now on it takes so many pictures.
    pub(crate) fn take_pictures(&self, most: usize) {
        self.0.most_pictures.store(most, Ordering::SeqCst);
    }

    /// From now on it fetches pictures itself.
    pub(crate) fn fetch_pictures(&self) {
        self.0.fetches.store(true, Ordering::SeqCst);
    }

    pub(crate) fn renewed(&self) -> usize {
        self.0.renewed.load(Ordering::SeqCst)
    }
}

impl PublishTo for Ledger {
    fn class(&self, platform: &str) -> Option<Class> {
        (platform == "ledger").then_some(self.0.class)
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        let known = self.class(&account.platform).is_some();
        if known {
            Vec::new()
        } else {
            vec![FieldError::new("platform", "unknown", "No such platform.")]
        }
    }

    fn check_content(&self, content: &Content<'_>) -> Vec<FieldError> {
        let text = content.text.contains("forbidden");
        let text = text.then(|| FieldError::new("text", "forbidden", "Say something else."));
        let most = self.0.most_pictures.load(Ordering::SeqCst);
        let message = || format!("It takes at most {most} pictures.");
        let many = content.pictures.unwrap_or_default().len() > most;
        let many = many.then(|| FieldError::new("media", "too_many", message()));
        text.into_iter().chain(many).collect()
    }

    fn fetches(&self, _: &str) -> bool {
        self.0.fetches.load(Ordering::SeqCst)
    }

    fn freeze(&self, _: &str, post: &Post, delivery: &DeliveryId) -> String {
        serde_json::json!({ "id": delivery, "text": post.text, "version": post.version })
            .to_string()
    }

    async fn sign_in(&self, new: &NewAccount, now: Timestamp) -> Result<Granted, Vec<FieldError>> {
        let secret = new.secret.clone();
        let credentials = match new.name.as_str() {
            // Tokens that end in an hour.
            "tokens" => tokens(secret.reveal(), now),
            "sixty days" => crate::ending::long_tokens(secret.reveal(), now),
            _ => Credentials::Key { key: secret },
        };
        // The platform says whose the credentials are: what follows the colon.
        let remote = new.secret.reveal().split(':').nth(1).unwrap_or_default();
        let (name, url) = (new.name.clone(), new.url.clone());
        Ok(Granted { remote_id: remote.to_owned(), name, url, credentials })
    }

    async fn refresh(&self, _: &Account, _: &Credentials, _: Timestamp) -> Refreshed {
        self.0.renewed.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.0.renewing.lock().unwrap().pop_front().unwrap_or(Refreshed::NotOffered)
    }

    async fn prepare(&self, request: Request<'_>) -> Prepared {
        if request.account.name == "slow to prepare" {
            let _ = self.0.begun.send(request.account.id.clone());
            self.0.gate.acquire().await.unwrap().forget();
        }
        self.0.preparing.lock().unwrap().pop_front().unwrap_or(Prepared::Ready(None))
    }

    /// Finds what has the same text, as a real platform does: it knows nothing of our keys.
    async fn read_back(&self, request: Request<'_>) -> ReadBack {
        self.0.looked.fetch_add(1, Ordering::SeqCst);
        if let Some(look) = self.0.looks.lock().unwrap().pop_front() {
            return look;
        }
        let text = |payload: &str| serde_json::from_str::<Value>(payload).unwrap()["text"].clone();
        let rows = self.0.rows.lock().unwrap();
        let same = rows.iter().filter(|row| {
            row.account == request.account.id && text(&row.payload) == text(request.payload)
        });
        let found: Vec<_> = same.map(|row| Remote { id: row.key.clone(), url: None }).collect();
        if found.is_empty() { ReadBack::NotThere } else { ReadBack::Found(found) }
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let account = request.account.id.clone();
        let call = self.0.in_flight.enter(&account);
        let pictures = request.media.iter().map(|it| it.bytes.clone()).collect();
        self.0.pictures.lock().unwrap().push(pictures);
        self.0.calls.lock().unwrap().push(Call {
            account: account.clone(),
            key: request.idem_key.to_owned(),
            payload: request.payload.to_owned(),
            attempt: request.attempt,
        });
        let doing = self.0.script.lock().unwrap().pop_front().unwrap_or(Doing::Publish);
        // Nobody listens in most tests.
        let _ = self.0.begun.send(account.clone());
        if request.account.name == "slow" {
            self.0.gate.acquire().await.unwrap().forget();
        }
        tokio::task::yield_now().await;
        drop(call);
        match doing {
            Doing::Answer(outcome) => return outcome.into(),
            Doing::Limit(outcome, gate) => return Answer { outcome, gate: Some(gate) },
            Doing::Panic => panic!("an adapter's bug"),
            Doing::Publish => self.publish_row(request),
            Doing::LoseAnswer => {
                self.publish_row(request);
                return Outcome::Unknown { message: "The connection broke.".to_owned() }.into();
            }
        }
        Outcome::Published { remote_id: Some(request.idem_key.to_owned()), remote_url: None }.into()
    }
}

pub(crate) struct World {
    pub(crate) client: aws_sdk_dynamodb::Client,
    pub(crate) data: Data,
    pub(crate) vault: Arc<Vault>,
    pub(crate) ledger: Ledger,
    pub(crate) heard: Heard,
    pub(crate) settings: Settings,
    pub(crate) server: Arc<Server>,
    pub(crate) begun: mpsc::UnboundedReceiver<AccountId>,
    pub(crate) me: Caller,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Class::Idempotent, Settings::default()).await
    }

    pub(crate) async fn with(class: Class, settings: Settings) -> Self {
        let client = embedded::memory().unwrap();
        let data = Data::new(client.clone());
        data.create_tables_if_missing().await.unwrap();
        let (begun, seen) = mpsc::unbounded_channel();
        let ledger = Ledger(Arc::new(Inner {
            class,
            rows: Mutex::default(),
            calls: Mutex::default(),
            script: Mutex::default(),
            looks: Mutex::default(),
            looked: AtomicUsize::new(0),
            preparing: Mutex::default(),
            renewing: Mutex::default(),
            renewed: AtomicUsize::new(0),
            in_flight: InFlight::default(),
            pictures: Mutex::default(),
            most_pictures: AtomicUsize::new(3),
            fetches: AtomicBool::new(false),
            gate: Semaphore::new(0),
            begun,
        }));
        let heard = Heard::default();
        let vault = vault();
        let server = Arc::new(Publishing::new(
            data.clone(),
            Arc::clone(&vault),
            ledger.clone(),
            heard.clone(),
            settings,
        ));
        let me = caller("ann", &["w"]);
        Self { client, data, vault, ledger, heard, settings, server, begun: seen, me }
    }

    /// The same with a place for pictures.
    pub(crate) fn keeping(self, media: Media) -> Self {
        let (data, vault) = (self.data.clone(), Arc::clone(&self.vault));
        let (ledger, heard) = (self.ledger.clone(), self.heard.clone());
        let server = Publishing::new(data, vault, ledger, heard, self.settings);
        Self { server: Arc::new(server.with_media(media)), ..self }
    }

    /// Another process on the same tables.
    pub(crate) fn another_server(&self) -> Arc<Server> {
        Arc::new(Publishing::new(
            self.data.clone(),
            Arc::clone(&self.vault),
            self.ledger.clone(),
            self.heard.clone(),
            self.settings,
        ))
    }

    pub(crate) async fn connect(&self, name: &str) -> Account {
        self.connect_as(&self.me, name).await
    }

    pub(crate) async fn connect_as(&self, me: &Caller, name: &str) -> Account {
        let new = NewAccount {
            remote_id: String::new(),
            workspace_id: None,
            platform: "ledger".to_owned(),
            name: name.to_owned(),
            url: "https://example.com".to_owned(),
            secret: Secret::new("s3cret"),
        };
        self.server.connect_account(me, new, NOW).await.unwrap()
    }

    pub(crate) async fn schedule(&self, accounts: &[&Account], at: Timestamp) -> PostView {
        let new = new_post("Hello", accounts, Some(at));
        self.server.create_post(&self.me, new, NOW, None).await.unwrap()
    }

    pub(crate) async fn get(&self, id: &PostId) -> PostView {
        self.server.get_post(&self.me, id).await.unwrap()
    }
}

/// Tokens given at `now` that end in an hour.
pub(crate) fn tokens(access: &str, now: Timestamp) -> Credentials {
    Credentials::Tokens {
        access: Secret::new(access),
        refresh: Some(Secret::new("r3fresh")),
        issued_at: now,
        expires_at: Some(now.plus(Duration::from_secs(3600))),
    }
}

pub(crate) fn vault() -> Arc<Vault> {
    Arc::new(Vault::new(Keys::Local(LocalKeys::passing().unwrap())))
}

pub(crate) fn caller(user: &str, workspaces: &[&str]) -> Caller {
    let workspaces = workspaces.iter().map(|w| WorkspaceId::parse(*w).unwrap()).collect();
    Caller { user_id: UserId::parse(user).unwrap(), workspaces }
}

pub(crate) fn new_post(text: &str, accounts: &[&Account], at: Option<Timestamp>) -> NewPost {
    NewPost {
        text: text.to_owned(),
        accounts: accounts.iter().map(|a| a.id.clone()).collect(),
        scheduled_at: at,
        ..NewPost::default()
    }
}
