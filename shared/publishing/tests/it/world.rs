//! A world with its own clock: tables in memory, a platform with a ledger, and everything that was announced.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data::Data;
use posts::{
    Account, AccountId, Announcement, Answer, Caller, Class, DeliveryId, FieldError, NewAccount,
    NewPost, Outcome, Post, PostId, PostView, Request, Secret, Settings, Timestamp, UserId,
    WorkspaceId,
};
use publishing::{Announcer, PublishTo, Publishing};
use serde_json::Value;
use tokio::sync::{Notify, Semaphore, mpsc};
use vault::{Keys, LocalKeys, Vault};

pub(crate) type Server = Publishing<Ledger, Heard>;

pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_795_161_600_000);

pub(crate) fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// What the platform does with a call.
#[derive(Debug, Clone)]
pub(crate) enum Doing {
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

/// A platform that is idempotent as the contract says: one row for each key.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Inner>);

struct Inner {
    class: Class,
    rows: Mutex<BTreeMap<String, String>>,
    calls: Mutex<Vec<Call>>,
    script: Mutex<VecDeque<Doing>>,
    in_flight: Mutex<BTreeMap<AccountId, usize>>,
    /// Calls to the account `slow` wait here.
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

    fn enter(&self, account: &AccountId) {
        let mut in_flight = self.0.in_flight.lock().unwrap();
        let count = in_flight.entry(account.clone()).or_default();
        *count += 1;
        assert_eq!(*count, 1, "two calls at once for {account}");
    }

    fn publish_row(&self, request: Request<'_>) {
        let (key, payload) = (request.idem_key.to_owned(), request.payload.to_owned());
        let row = self.0.rows.lock().unwrap().entry(key).or_insert_with(|| payload.clone()).clone();
        assert_eq!(row, payload, "a resend has the same bytes");
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

    fn check_text(&self, _: &str, text: &str) -> Option<FieldError> {
        text.contains("forbidden")
            .then(|| FieldError::new("text", "forbidden", "Say something else."))
    }

    fn freeze(&self, _: &str, post: &Post, delivery: &DeliveryId) -> String {
        serde_json::json!({ "id": delivery, "text": post.text, "version": post.version })
            .to_string()
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let account = request.account.id.clone();
        self.enter(&account);
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
        self.0.in_flight.lock().unwrap().remove(&account);
        match doing {
            Doing::Answer(outcome) => return outcome.into(),
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

/// Everything that was announced, in order.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<Announcement>>>, Arc<Notify>);

impl Announcer for Heard {
    async fn announce(&self, announcement: Announcement) {
        self.0.lock().unwrap().push(announcement);
        self.1.notify_one();
    }
}

impl Heard {
    /// Waits until so many of these events were announced.
    pub(crate) async fn until(&self, count: usize, event: &str) {
        while self.of(event).len() < count {
            self.1.notified().await;
        }
    }

    pub(crate) fn all(&self) -> Vec<Announcement> {
        self.0.lock().unwrap().clone()
    }

    /// The envelopes of one event, or of all if it is empty.
    pub(crate) fn of(&self, event: &str) -> Vec<Value> {
        let all = self.all();
        let of = all.iter().filter(|a| event.is_empty() || a.event == event);
        of.map(|a| serde_json::from_str(&a.data).unwrap()).collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.all().into_iter().map(|a| a.event).collect()
    }
}

pub(crate) struct World {
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
        let data = Data::new(embedded::memory().unwrap());
        data.create_tables_if_missing().await.unwrap();
        let (begun, seen) = mpsc::unbounded_channel();
        let ledger = Ledger(Arc::new(Inner {
            class,
            rows: Mutex::default(),
            calls: Mutex::default(),
            script: Mutex::default(),
            in_flight: Mutex::default(),
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
        Self { data, vault, ledger, heard, settings, server, begun: seen, me }
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
        let new = NewAccount {
            remote_id: String::new(),
            workspace_id: None,
            platform: "ledger".to_owned(),
            name: name.to_owned(),
            url: "https://example.com".to_owned(),
            secret: Secret::new("s3cret"),
        };
        self.server.connect_account(&self.me, new, NOW).await.unwrap()
    }

    pub(crate) async fn schedule(&self, accounts: &[&Account], at: Timestamp) -> PostView {
        let new = new_post("Hello", accounts, Some(at));
        self.server.create_post(&self.me, new, NOW, None).await.unwrap()
    }

    pub(crate) async fn get(&self, id: &PostId) -> PostView {
        self.server.get_post(&self.me, id).await.unwrap()
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
