//! Bodies: read with a limit on size and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Largest body of a trigger or a batch. Ours: ten events at the largest usual data, twice escaped.
pub(crate) const PUBLISH_BYTES: usize = 512 * 1024;
/// Largest body of every other request. Ours: a post of 5,000 characters takes at most 60 KB.
pub(crate) const REQUEST_BYTES: usize = 128 * 1024;
/// Largest body of many posts at once. Ours: 1,000 rows of 4 KB.
pub(crate) const BULK_BYTES: usize = 4 * 1024 * 1024;
/// How long a body may take to arrive. Ours: half of what API Gateway gives a whole request (30 s).
const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Larger than this many bytes.
    TooLarge(usize),
    /// It took too long.
    TooSlow,
    /// The client stopped sending.
    Broken,
}

impl Unread {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }

    /// What to tell the caller.
    pub(crate) fn message(self) -> String {
        match self {
            Self::TooLarge(limit) => {
                format!("The request body is too large: at most {limit} bytes are allowed")
            }
            Self::TooSlow => "The request body took too long to arrive: send it again".into(),
            Self::Broken => "The request body did not arrive whole: send it again".into(),
        }
    }
}

/// Reads a whole body of at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Unread> {
    let whole = Limited::new(body, limit).collect();
    match tokio::time::timeout(READ_TIMEOUT, whole).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge(limit)),
        Ok(Err(_)) => Err(Unread::Broken),
        Err(_) => Err(Unread::TooSlow),
    }
}
