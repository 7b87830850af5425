//! Why a verb did nothing.

use posts::{Conflict, FieldError, Refused};

/// A request that changed nothing, in words for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The input is wrong: every field error at once. HTTP 422.
    Invalid(Vec<FieldError>),
    /// The input is right, but not for what is stored now. HTTP 409.
    Conflict {
        /// A word for programs, such as `post_already_publishing`.
        code: &'static str,
        /// A sentence for people.
        message: String,
    },
    /// There is no such thing, or the caller may not see it. HTTP 404.
    NotFound,
    /// The store does not answer; the cause is logged. Try again later. HTTP 503.
    Unavailable,
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid(errors) => Self::Invalid(errors),
            Refused::Conflict(conflict) => conflict.into(),
        }
    }
}

impl From<Conflict> for Refusal {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict { code: conflict.code(), message: conflict.to_string() }
    }
}

/// A store's trouble as a refusal. The cause is logged here, once, and shown to nobody.
impl From<data::Error> for Refusal {
    fn from(error: data::Error) -> Self {
        match error {
            data::Error::NotFound => Self::NotFound,
            data::Error::Conflict => Self::Conflict {
                code: "busy",
                message: "This is being changed by others right now. Try again.".to_owned(),
            },
            data::Error::Unavailable(cause) => {
                tracing::error!(?cause, "the store is unavailable");
                Self::Unavailable
            }
        }
    }
}
