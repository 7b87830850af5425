//! The engine, called by the name of an operation.

use std::sync::Arc;

use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::data_dir::DataDir;

/// What the engine answers: a status and a JSON body, as DynamoDB would.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// The database with its data directory.
#[derive(Clone)]
pub(crate) struct Engine {
    inner: Arc<Inner>,
    /// The engine runs one call at a time. Waiting here keeps the threads that wait at one.
    turn: Arc<Semaphore>,
}

struct Inner {
    database: Database,
    _dir: Option<DataDir>,
}

impl Engine {
    pub(crate) fn new(database: Database, dir: Option<DataDir>) -> Self {
        Self { inner: Arc::new(Inner { database, _dir: dir }), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Runs one operation off the async threads. A caller that goes away does not stop it halfway.
    pub(crate) async fn call(&self, operation: String, body: Vec<u8>) -> Answer {
        let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else {
            return Answer::internal("the engine is closed");
        };
        let inner = Arc::clone(&self.inner);
        let run = tokio::task::spawn_blocking(move || {
            let answer = dispatch(&inner.database, &operation, &body);
            drop(turn);
            answer
        });
        run.await.unwrap_or_else(|_| Answer::internal("the engine failed"))
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
