//! Why a verb did nothing.

use posts::FieldError;

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
