//! What can go wrong with a table.

use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;

/// Why a read or write did not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Someone else wrote first; nothing was changed. Read again.
    #[error("the item has changed meanwhile")]
    Conflict,
    /// There is no such item.
    #[error("there is no such item")]
    NotFound,
    /// The store does not answer, or answers what cannot be read.
    #[error("the store is unavailable")]
    Unavailable(#[source] Cause),
}

impl Error {
    /// Whether the same call may work a moment later: the service did not answer, or was busy.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(Cause::Service(_) | Cause::Unprocessed))
    }
}

/// What is behind an unavailable store: for the log, never for a caller.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The service refused or did not answer.
    #[error(transparent)]
    Service(Box<aws_sdk_dynamodb::Error>),
    /// A request could not be built.
    #[error(transparent)]
    Request(#[from] BuildError),
    /// An item is not what it should be.
    #[error("an item cannot be read or written: {0}")]
    Item(#[from] serde_json::Error),
    /// The service kept putting work off.
    #[error("the service left work undone again and again")]
    Unprocessed,
    /// Credentials cannot be sealed or opened.
    #[error("the vault is unavailable")]
    Sealed,
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

impl<E, R> From<SdkError<E, R>> for Error
where
    aws_sdk_dynamodb::Error: From<SdkError<E, R>>,
{
    fn from(error: SdkError<E, R>) -> Self {
        use aws_sdk_dynamodb::Error as Dynamo;
        match Dynamo::from(error) {
            // A transaction that holds the item will move it: to us it is a write that came first.
            Dynamo::ConditionalCheckFailedException(_)
            | Dynamo::TransactionConflictException(_) => Self::Conflict,
            other => Self::Unavailable(Cause::Service(Box::new(other))),
        }
    }
}

/// A transaction tells by its reasons whether it lost a race.
pub(crate) fn of_transaction<R>(error: SdkError<TransactWriteItemsError, R>) -> Error
where
    aws_sdk_dynamodb::Error: From<SdkError<TransactWriteItemsError, R>>,
{
    let lost = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons().iter().any(|reason| {
                matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))
            })
        }
        _ => false,
    };
    if lost { Error::Conflict } else { error.into() }
}
