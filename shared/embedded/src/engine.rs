//! The engine, called by the name of an operation.
//!
//! It runs one call at a time, on a thread of its own: calls that come meanwhile wait in a queue, and the thread works
//! through it without a switch to another one in between.

use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use aws_sdk_dynamodb::Client;
use dynoxide::Database;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::errors::DynoxideError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::connector;
use crate::data_dir::DataDir;
use crate::flush::{Flush, Log, Waiting};

/// What the engine answers: a status and a JSON body, as DynamoDB would.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// JSON, `application/x-amz-json-1.0`.
    pub body: String,
}

/// Why rows that are out of date were not deleted.
#[derive(Debug, thiserror::Error)]
#[error("rows that are out of date stay: {0}")]
pub struct ExpireError(String);

/// The way to the engine. Its last clone ends it, and waits until it has ended.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

struct Inner {
    /// Absent only while it ends.
    calls: Option<Sender<Call>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// For what runs beside the calls. Absent only while it ends.
    database: Option<Database>,
}

struct Call {
    operation: String,
    body: Vec<u8>,
    answer: oneshot::Sender<Answer>,
}

impl Engine {
    /// An engine on a data directory. Commits go to SQLite's log at once and are synced in groups.
    pub(crate) fn durable(database: Database, dir: DataDir) -> Result<Self, DynoxideError> {
        // The engine's way back from bulk loading is its only way to `synchronous = NORMAL`.
        database.disable_bulk_loading()?;
        let flush = Flush::on(Log::of(&dir.store_file())).map_err(internal)?;
        Self::start(database.clone(), move |calls| {
            run(&database, &calls, &flush);
            drop(flush);
            // Nobody else opens the directory before the engine is gone.
            drop(database);
            drop(dir);
        })
    }

    /// An engine that ends with its last clone.
    pub(crate) fn in_memory(database: Database) -> Result<Self, DynoxideError> {
        Self::start(database.clone(), move |calls| run(&database, &calls, &Flush::none()))
    }

    /// Deletes what is out of date in tables with a time to live, as DynamoDB does by itself; answers how many rows that were.
    /// Other calls are served in between.
    ///
    /// # Errors
    /// When the engine fails; the next call goes on with the rest.
    pub async fn expire(&self) -> Result<usize, ExpireError> {
        let inner = Arc::clone(&self.inner);
        let sweep = move || inner.database.as_ref().map_or(Ok(0), Database::sweep_ttl);
        let swept = tokio::task::spawn_blocking(sweep).await;
        swept.map_err(|e| ExpireError(e.to_string()))?.map_err(|e| ExpireError(e.to_string()))
    }

    fn start(
        database: Database,
        work: impl FnOnce(Receiver<Call>) + Send + 'static,
    ) -> Result<Self, DynoxideError> {
        let (calls, queue) = channel();
        let thread = thread::Builder::new().name("store".to_owned());
        let thread = thread.spawn(move || work(queue)).map_err(internal)?;
        let inner = Inner {
            calls: Some(calls),
            thread: Mutex::new(Some(thread)),
            database: Some(database),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// An SDK client that this engine answers.
    pub fn client(&self) -> Client {
        connector::client(self.clone())
    }

    /// Runs one operation, and answers a write once it is on the disk. A caller that goes away does not stop it halfway.
    pub fn call(
        &self,
        operation: String,
        body: Vec<u8>,
    ) -> impl Future<Output = Answer> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        if let Some(calls) = &self.inner.calls {
            // An engine that is gone drops the call, and the caller learns it below.
            drop(calls.send(Call { operation, body, answer }));
        }
        async move { answered.await.unwrap_or_else(|_| Answer::internal("the engine failed")) }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The thread has the last clone: the file is closed before the directory is given up.
        self.database = None;
        self.calls = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A panic of the engine was told to its callers.
        drop(thread.map(JoinHandle::join));
    }
}

impl Answer {
    pub(crate) fn internal(message: &str) -> Self {
        Self::from_error(&DynoxideError::InternalServerError(message.to_owned()))
    }

    fn from_error(error: &DynoxideError) -> Self {
        Self { status: error.status_code(), body: error.to_json() }
    }
}

fn internal(error: impl ToString) -> DynoxideError {
    DynoxideError::InternalServerError(error.to_string())
}

/// Answers calls until the last caller is gone.
fn run(database: &Database, calls: &Receiver<Call>, flush: &Flush) {
    while let Ok(Call { operation, body, answer: to }) = calls.recv() {
        let answer = dispatch(database, &operation, &body);
        if answer.status == 200 && writes(&operation) {
            flush.answer_once_synced(Waiting { answer, to });
        } else {
            // A caller that went away wants no answer.
            drop(to.send(answer));
        }
    }
}

/// Whether an operation changes the store.
fn writes(operation: &str) -> bool {
    !matches!(
        operation,
        "BatchGetItem"
            | "DescribeTable"
            | "DescribeTimeToLive"
            | "GetItem"
            | "ListTables"
            | "Query"
            | "Scan"
            | "TransactGetItems"
    )
}

fn dispatch(db: &Database, operation: &str, body: &[u8]) -> Answer {
    match operation {
        "BatchGetItem" => answer(body, |r| db.batch_get_item(r)),
        "BatchWriteItem" => answer(body, |r| db.batch_write_item(r)),
        "CreateTable" => answer(body, |r| db.create_table(r)),
        "DeleteItem" => answer(body, |r| db.delete_item(r)),
        "DeleteTable" => answer(body, |r| db.delete_table(r)),
        "DescribeTable" => answer(body, |r| db.describe_table(r)),
        "DescribeTimeToLive" => answer(body, |r| db.describe_time_to_live(r)),
        "GetItem" => answer(body, |r| db.get_item(r)),
        "ListTables" => answer(body, |r| db.list_tables(r)),
        "PutItem" => answer(body, |r| db.put_item(r)),
        "Query" => answer(body, |r| db.query(r)),
        "Scan" => answer(body, |r| db.scan(r)),
        "TransactGetItems" => answer(body, |r| db.transact_get_items(r)),
        "TransactWriteItems" => answer(body, |r| db.transact_write_items(once(r))),
        "UpdateItem" => answer(body, |r| db.update_item(r)),
        "UpdateTimeToLive" => answer(body, |r| db.update_time_to_live(r)),
        other => Answer::from_error(&DynoxideError::ValidationException(format!(
            "The embedded engine does not route {other}. Add it to the engine's list of operations."
        ))),
    }
}

/// A transaction without the token that tells a repeated request: nothing is repeated on the way here, and the engine
/// would look through the tokens of ten minutes at each transaction.
fn once(mut request: TransactWriteItemsRequest) -> TransactWriteItemsRequest {
    request.client_request_token = None;
    request
}

fn answer<Q, S>(body: &[u8], call: impl FnOnce(Q) -> Result<S, DynoxideError>) -> Answer
where
    Q: DeserializeOwned,
    S: Serialize,
{
    let request = serde_json::from_slice(body)
        .map_err(|e| DynoxideError::SerializationException(e.to_string()));
    let answer = request
        .and_then(call)
        .and_then(|response| serde_json::to_string(&response).map_err(internal));
    match answer {
        Ok(body) => Answer { status: 200, body },
        Err(error) => Answer::from_error(&error),
    }
}
