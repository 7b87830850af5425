//! What can go wrong with the table.

use aws_sdk_dynamodb::error::BuildError;

/// Why a verb was not done: for the log, never for a client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service refused or did not answer.
    #[error("DynamoDB did not answer: {0}")]
    Service(#[source] Box<aws_sdk_dynamodb::Error>),
    /// A request could not be built.
    #[error(transparent)]
    Request(#[from] BuildError),
    /// A row is not what it should be.
    #[error("a row cannot be read or written: {0}")]
    Row(#[from] serde_json::Error),
    /// Others changed the row each time, or the service kept putting work off.
    #[error("the table was too busy: others were faster {0} times")]
    Busy(usize),
}

impl Error {
    /// Wraps what the SDK says.
    pub(crate) fn of(error: impl Into<aws_sdk_dynamodb::Error>) -> Self {
        Self::Service(Box::new(error.into()))
    }
}

impl From<Error> for store::Error {
    fn from(error: Error) -> Self {
        Self::new(error)
    }
}
