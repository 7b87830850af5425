//! DynamoDB inside the process: the AWS SDK answered by an embedded engine on a SQLite file.
//!
//! The client that [`open`] gives is an ordinary `aws-sdk-dynamodb` client. Its requests leave neither the
//! process nor a socket: they are run against the engine, and what the engine answers is what the SDK reads.
//!
//! What was acknowledged is on the disk: a write is answered after a sync of SQLite's write-ahead log that began
//! after its commit. Writes that wait meanwhile share the next sync.

mod connector;
mod data_dir;
mod engine;
mod flush;

use std::path::Path;

use aws_sdk_dynamodb::Client;
use dynoxide::Database;

pub use data_dir::OpenError;
pub use engine::{Answer, Engine, ExpireError};

use crate::data_dir::DataDir;

/// Opens a data directory, making it if it is missing, and holds it for this process alone until the last
/// clone of the client is gone. Nothing is changed if it fails.
pub fn open(path: &Path) -> Result<Client, OpenError> {
    engine(path).map(|engine| engine.client())
}

/// The engine of a data directory itself, as [`open`] holds it: for who answers requests of others.
pub fn engine(path: &Path) -> Result<Engine, OpenError> {
    let dir = DataDir::open(path)?;
    let file = dir.store_file();
    let database =
        Database::new(&file.to_string_lossy()).map_err(|e| OpenError::unreadable(&file, e))?;
    Engine::durable(database, dir).map_err(|e| OpenError::unreadable(&file, e))
}

/// An engine in memory that ends with the last clone of the client: for tests and for trying things.
pub fn memory() -> Result<Client, OpenError> {
    engine_in_memory().map(|engine| engine.client())
}

/// The engine in memory itself, as [`memory`] holds it.
pub fn engine_in_memory() -> Result<Engine, OpenError> {
    let database =
        Database::memory().map_err(|e| OpenError::unreadable(Path::new(":memory:"), e))?;
    Engine::in_memory(database).map_err(|e| OpenError::unreadable(Path::new(":memory:"), e))
}
