//! What can be wrong, in the words of the API.

use serde::{Deserialize, Serialize};

/// One thing wrong with one field of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field's name as in the request; lists have an index, `accounts[2]`.
    pub field: String,
    /// A word for programs, such as `too_long`.
    pub code: &'static str,
    /// A sentence for people that says what to do.
    pub message: String,
}

impl FieldError {
    /// An error of `field`.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
}

/// Why a delivery did not work, in coarse classes. Source: the event contract's `error.class`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The platform does not accept this content.
    Invalid,
    /// The account must be connected again.
    Auth,
    /// The account may not do this.
    Forbidden,
    /// The platform has this content already.
    Duplicate,
    /// Too many requests.
    RateLimited,
    /// The platform has trouble.
    PlatformUnavailable,
    /// The platform could not be reached.
    Network,
    /// A picture or film was not accepted.
    Media,
    /// The post fell due while nothing ran, and is too late now.
    Missed,
    /// Nobody can tell whether it was published.
    Unconfirmed,
    /// Our own fault.
    Internal,
}
