//! The built-in receiver of webhooks: checks signatures, keeps the last arrivals in memory.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use platforms::webhook::{ID_HEADER, Keys, SIGNATURE_HEADER, TIMESTAMP_HEADER, VerifyError};
use serde::Serialize;
use serde_json::{Value, json};

use super::DemoState;

/// Most arrivals that are kept; older ones are forgotten.
const ARRIVALS: usize = 100;
/// Longest `webhook-id`, in bytes. Ours: senders' ids have about 30.
const ID_BYTES: usize = 128;

/// The receiver.
#[derive(Debug)]
pub(super) struct Inbox {
    keys: Keys,
    url: String,
    arrivals: Mutex<VecDeque<Arrival>>,
}

/// One webhook that arrived.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Arrival {
    /// Its `webhook-id`.
    id: String,
    /// When it first came, in seconds since 1970 UTC.
    received_at_s: u64,
    /// How often it came. Only the first time counts.
    attempts: u32,
    /// What it said.
    payload: Value,
}

/// The headers of a webhook.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) id: &'a str,
    pub(super) timestamp: &'a str,
    pub(super) signatures: &'a str,
}

/// What the receiver tells the sender.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Receipt {
    id: String,
    url: String,
}

/// Why a webhook was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotTaken {
    /// The id cannot be one.
    #[error("webhook-id is missing or longer than 128 bytes.")]
    BadId,
    /// Not from whom it says.
    #[error(transparent)]
    Unsigned(#[from] VerifyError),
    /// Not JSON.
    #[error("The body is not JSON.")]
    NotJson,
}

impl Inbox {
    /// An empty receiver whose arrivals can be seen below `url`.
    pub(super) fn new(keys: Keys, url: String) -> Self {
        Self { keys, url, arrivals: Mutex::default() }
    }

    /// Takes a webhook that came at `now_s`. One that came before gets the same receipt.
    pub(super) fn take(
        &self,
        signed: Signed<'_>,
        body: &[u8],
        now_s: u64,
    ) -> Result<Receipt, NotTaken> {
        let Signed { id, timestamp, signatures } = signed;
        let clean = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.is_empty() || id.len() > ID_BYTES || !id.chars().all(clean) {
            return Err(NotTaken::BadId);
        }
        self.keys.verify(id, timestamp, signatures, body, now_s)?;
        let payload = serde_json::from_slice(body).map_err(|_| NotTaken::NotJson)?;
        self.remember(Arrival { id: id.to_owned(), received_at_s: now_s, attempts: 1, payload });
        Ok(Receipt { id: id.to_owned(), url: format!("{}/{id}", self.url) })
    }

    fn remember(&self, arrival: Arrival) {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        match arrivals.iter_mut().find(|known| known.id == arrival.id) {
            Some(known) => known.attempts += 1,
            None => arrivals.push_front(arrival),
        }
        arrivals.truncate(ARRIVALS);
    }

    /// What came, newest first.
    fn all(&self) -> Vec<Arrival> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// `POST /demo/inbox`.
pub(super) async fn receive(
    State(demo): State<DemoState>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let signed = Signed {
        id: header(ID_HEADER),
        timestamp: header(TIMESTAMP_HEADER),
        signatures: header(SIGNATURE_HEADER),
    };
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    match demo.inbox.take(signed, &body, now_s) {
        Ok(receipt) => Json(receipt).into_response(),
        Err(refusal @ NotTaken::Unsigned(_)) => {
            error(StatusCode::UNAUTHORIZED, "bad_signature", &refusal.to_string())
        }
        Err(refusal) => error(StatusCode::BAD_REQUEST, "bad_request", &refusal.to_string()),
    }
}

/// `GET /demo/inbox`.
pub(super) async fn list(State(demo): State<DemoState>) -> Response {
    Json(json!({ "arrivals": demo.inbox.all() })).into_response()
}

/// `GET /demo/inbox/{id}`.
pub(super) async fn show(State(demo): State<DemoState>, Path(id): Path<String>) -> Response {
    match demo.inbox.all().into_iter().find(|arrival| arrival.id == id) {
        Some(arrival) => Json(arrival).into_response(),
        None => error(
            StatusCode::NOT_FOUND,
            "not_found",
            "Nothing with this id is among the last arrivals.",
        ),
    }
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}
