//! What can go wrong.

use apps::{Refused, SpecError};
use channels::AppsError;

/// Why there is no list of apps.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration cannot be served.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The configuration contradicts itself.
    #[error(transparent)]
    Apps(#[from] AppsError),
    /// The table cannot be read.
    #[error(transparent)]
    Data(#[from] data::Error),
}

/// Why a verb changed nothing. Fit to be shown.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such app.
    #[error("There is no app with this id: list them to see which there are")]
    NotFound,
    /// The id is another app's.
    #[error("An app with this id exists already: choose another id, or leave it out")]
    Taken,
    /// A key of it is another app's.
    #[error("A key of this name exists already: try again")]
    KeyTaken,
    /// The app stands in the configuration.
    #[error("This app stands in the server's configuration: change it there")]
    Configured,
    /// It stays as it is.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A value cannot be used.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Someone else changed it at the same time.
    #[error("The app was changed by someone else at the same time: look at it, and try again")]
    Conflict,
    /// The store does not answer; the log says why.
    #[error("The server cannot do this right now: try again in a moment")]
    Unavailable,
}

impl From<data::Error> for Refusal {
    fn from(error: data::Error) -> Self {
        match error {
            data::Error::NotFound => Self::NotFound,
            data::Error::Conflict => Self::Conflict,
            data::Error::Unavailable(cause) => {
                tracing::error!(?cause, "the apps table cannot be read or written");
                Self::Unavailable
            }
        }
    }
}

impl From<OpenError> for Refusal {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Data(error) => error.into(),
            OpenError::Spec(_) | OpenError::Apps(_) => {
                tracing::error!(%error, "the apps cannot be served anew");
                Self::Unavailable
            }
        }
    }
}
