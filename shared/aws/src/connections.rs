//! `@connections`: frames to clients through API Gateway.
//!
//! Source: API Gateway developer guide, "Use @connections commands in your backend service".

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::account::Service;
use crate::call::{Line, TRACE};
use crate::sign::{Signable, hash};
use crate::{Aws, EndpointError};

/// How long a call may take. Ours: a client whose socket is stuck must not hold up the others for longer.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(2_500);
/// Bytes of a connection's id that stand for themselves in a path.
const ID: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// API Gateway took it.
    Done,
    /// Closed, never there, or not yet there (410).
    Gone,
    /// Too many requests, a client that does not read, or trouble at the service: later it may succeed (429, 5xx, none).
    Busy,
    /// It will never be taken (400, 403, 413).
    Refused(u16),
}

/// A body that is posted to many, with its hash.
#[derive(Debug, Clone)]
pub struct Payload {
    bytes: Bytes,
    sum: Arc<str>,
}

impl Payload {
    /// Hashes a body once for all who get it.
    pub fn new(bytes: Bytes) -> Self {
        let sum = hash(&bytes).into();
        Self { bytes, sum }
    }
}

/// The connections of one stage of a WebSocket API. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connections {
    aws: Aws,
    line: Arc<Line>,
}

impl Connections {
    /// The connections behind `url`: `https://{api}.execute-api.{region}.amazonaws.com/{stage}`.
    ///
    /// # Errors
    /// When it is no address.
    pub fn new(aws: &Aws, url: &str) -> Result<Self, EndpointError> {
        let line = Arc::new(Line::new(aws.account(), Service::ExecuteApi, url)?);
        Ok(Self { aws: aws.clone(), line })
    }

    /// Opens a connection to the gateway ahead of its use.
    pub async fn warm(&self) {
        self.line.endpoint.warm().await;
    }

    /// Posts a frame.
    pub async fn post(&self, id: &str, payload: &Payload) -> Posted {
        self.call(Method::POST, id, payload).await
    }

    /// Asks whether a connection is there.
    pub async fn get(&self, id: &str) -> Posted {
        self.call(Method::GET, id, &Payload::new(Bytes::new())).await
    }

    /// Closes a connection; the code is 1000 always.
    pub async fn delete(&self, id: &str) -> Posted {
        self.call(Method::DELETE, id, &Payload::new(Bytes::new())).await
    }

    async fn call(&self, method: Method, id: &str, payload: &Payload) -> Posted {
        let line = &self.line;
        let id = utf8_percent_encode(id, ID);
        let path = format!("{}/@connections/{id}", line.endpoint.path());
        let signable = Signable {
            method: method.as_str(),
            path: &path,
            host: line.endpoint.authority(),
            own: None,
            body: &payload.sum,
        };
        let headers = line.signer.headers(signable, Timestamp::now().as_second());
        let mut request = Request::new(Full::new(payload.bytes.clone()));
        *request.method_mut() = method;
        // What `percent_encoding` has written is a path.
        *request.uri_mut() = path.parse().unwrap_or_default();
        *request.headers_mut() = headers;
        request.headers_mut().insert(USER_AGENT, self.aws.agent().clone());
        if let Some(trace) = self.aws.traced() {
            request.headers_mut().insert(TRACE, trace);
        }
        match line.endpoint.send(request, TIMEOUT).await {
            Ok(answer) => said(answer.status),
            Err(trouble) => {
                tracing::debug!(%trouble, "a call to @connections failed");
                Posted::Busy
            }
        }
    }
}

fn said(status: StatusCode) -> Posted {
    match status {
        status if status.is_success() => Posted::Done,
        StatusCode::GONE => Posted::Gone,
        StatusCode::TOO_MANY_REQUESTS => Posted::Busy,
        status if status.is_server_error() => Posted::Busy,
        status => Posted::Refused(status.as_u16()),
    }
}
