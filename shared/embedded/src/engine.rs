//! The engine, called by the name of an operation.

use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::connector;
use crate::data_dir::DataDir;
use crate::flush::{Flush, Log};

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

/// The database with its data directory.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
    /// The engine runs one call at a time. Waiting here keeps the threads that wait at one.
    turn: Arc<Semaphore>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

struct Inner {
    database: Database,
    /// Absent in memory, where nothing lasts.
    durable: Option<Durable>,
}

struct Durable {
    flush: Flush<Log>,
    _dir: DataDir,
}

impl Engine {
    /// An engine on a data directory. Commits go to SQLite's log at once and are synced in groups.
    pub(crate) fn durable(database: Database, dir: DataDir) -> Result<Self, DynoxideError> {
        // The engine's way back from bulk loading is its only way to `synchronous = NORMAL`.
        database.disable_bulk_loading()?;
        let flush = Flush::new(Log::of(&dir.store_file()));
        Ok(Self::of(Inner { database, durable: Some(Durable { flush, _dir: dir }) }))
    }

    /// An engine that ends with its last clone.
    pub(crate) fn in_memory(database: Database) -> Self {
        Self::of(Inner { database, durable: None })
    }

    /// Deletes what is out of date in tables with a time to live, as DynamoDB does by itself; answers how many rows that were.
    /// Other calls are served in between.
    ///
    /// # Errors
    /// When the engine fails; the next call goes on with the rest.
    pub async fn expire(&self) -> Result<usize, ExpireError> {
        let inner = Arc::clone(&self.inner);
        let swept = tokio::task::spawn_blocking(move || inner.database.sweep_ttl()).await;
        swept.map_err(|e| ExpireError(e.to_string()))?.map_err(|e| ExpireError(e.to_string()))
    }

    fn of(inner: Inner) -> Self {
        Self { inner: Arc::new(inner), turn: Arc::new(Semaphore::new(1)) }
    }

    /// An SDK client that this engine answers.
    pub fn client(&self) -> Client {
        connector::client(self.clone())
    }

    /// Runs one operation off the async threads, and answers a write once it is on the disk. A caller that goes
    /// away does not stop it halfway.
    pub async fn call(&self, operation: String, body: Vec<u8>) -> Answer {
        let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else {
            return Answer::internal("the engine is closed");
        };
        let inner = Arc::clone(&self.inner);
        let run = tokio::task::spawn_blocking(move || {
            let answer = dispatch(&inner.database, &operation, &body);
            let durable =
                inner.durable.as_ref().filter(|_| answer.status == 200 && writes(&operation));
            let write = durable.map(|durable| durable.flush.wrote());
            drop(turn);
            (answer, write)
        });
        let Ok((answer, write)) = run.await else { return Answer::internal("the engine failed") };
        match (&self.inner.durable, write) {
            (Some(durable), Some(write)) => match durable.flush.reached(write).await {
                Ok(()) => answer,
                Err(error) => {
                    tracing::error!(%error, "the data file cannot be synced: writes fail until a restart");
                    Answer::internal("the data file cannot be synced")
                }
            },
            _ => answer,
        }
    }
}

impl Answer {
    fn internal(message: &str) -> Self {
        Self::from_error(&DynoxideError::InternalServerError(message.to_owned()))
    }

    fn from_error(error: &DynoxideError) -> Self {
        Self { status: error.status_code(), body: error.to_json() }
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
        "BatchGetItem" => run(body, |r| db.batch_get_item(r)),
        "BatchWriteItem" => run(body, |r| db.batch_write_item(r)),
        "CreateTable" => run(body, |r| db.create_table(r)),
        "DeleteItem" => run(body, |r| db.delete_item(r)),
        "DeleteTable" => run(body, |r| db.delete_table(r)),
        "DescribeTable" => run(body, |r| db.describe_table(r)),
        "DescribeTimeToLive" => run(body, |r| db.describe_time_to_live(r)),
        "GetItem" => run(body, |r| db.get_item(r)),
        "ListTables" => run(body, |r| db.list_tables(r)),
        "PutItem" => run(body, |r| db.put_item(r)),
        "Query" => run(body, |r| db.query(r)),
        "Scan" => run(body, |r| db.scan(r)),
        "TransactGetItems" => run(body, |r| db.transact_get_items(r)),
        "TransactWriteItems" => run(body, |r| db.transact_write_items(r)),
        "UpdateItem" => run(body, |r| db.update_item(r)),
        "UpdateTimeToLive" => run(body, |r| db.update_time_to_live(r)),
        other => Answer::from_error(&DynoxideError::ValidationException(format!(
            "The embedded engine does not route {other}. Add it to the engine's list of operations."
        ))),
    }
}

fn run<Q, S>(body: &[u8], call: impl FnOnce(Q) -> Result<S, DynoxideError>) -> Answer
where
    Q: DeserializeOwned,
    S: Serialize,
{
    let request = serde_json::from_slice(body)
        .map_err(|e| DynoxideError::SerializationException(e.to_string()));
    let answer = request.and_then(call).and_then(|response| {
        serde_json::to_string(&response)
            .map_err(|e| DynoxideError::InternalServerError(e.to_string()))
    });
    match answer {
        Ok(body) => Answer { status: 200, body },
        Err(error) => Answer::from_error(&error),
    }
}
