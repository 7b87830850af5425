//! Signed calls of services that speak JSON.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, USER_AGENT};
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::account::Service;
use crate::endpoint::Answer;
use crate::sign::{Signable, Signer, hash};
use crate::{Account, Endpoint, EndpointError, Trouble};

/// How long a call may take. Ours: these are calls of a few milliseconds.
const TIMEOUT: Duration = Duration::from_secs(3);
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// Where X-Ray's trace stands (X-Ray developer guide, "Tracing header").
pub(crate) const TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// The trace of the invocation under way. Cheap to clone: all clones see the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Option<HeaderValue>>>);

impl Trace {
    pub(crate) fn get(&self) -> Option<HeaderValue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why a call did not do what it should. Fit for logs.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is no answer.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// The service refused; this is the kind of its error.
    #[error("{service} answered with status {status} {kind}")]
    Refused {
        /// The service.
        service: &'static str,
        /// The status.
        status: u16,
        /// The error's type, without what it says: that may repeat what was sent.
        kind: String,
    },
    /// The answer cannot be understood.
    #[error("{0} answered something that cannot be understood")]
    Nonsense(&'static str),
}

impl CallError {
    /// Whether the same call may succeed in a moment.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Trouble(_) => true,
            Self::Refused { status, kind, .. } => {
                *status >= 500 || *status == 429 || kind.contains("hrottl")
            }
            Self::Nonsense(_) => false,
        }
    }
}

/// Calls services on behalf of a function. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Aws(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    account: Account,
    agent: HeaderValue,
    trace: Trace,
    events: Line,
    lambda: Line,
    sqs: Line,
    ssm: Line,
}

/// A service's endpoint and how its requests are signed.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) endpoint: Endpoint,
    pub(crate) signer: Signer,
    service: Service,
}

impl Line {
    pub(crate) fn new(
        account: &Account,
        service: Service,
        url: &str,
    ) -> Result<Self, EndpointError> {
        let (endpoint, signer) = (Endpoint::parse(url)?, Signer::new(account, service));
        Ok(Self { endpoint, signer, service })
    }
}

impl Aws {
    /// Nothing is opened before it is called.
    ///
    /// # Errors
    /// When the address of an endpoint is none.
    pub fn new(account: Account) -> Result<Self, EndpointError> {
        let line = |service| Line::new(&account, service, &account.endpoint(service));
        let agent = HeaderValue::try_from(account.agent());
        Ok(Self(Arc::new(Parts {
            agent: agent.map_err(|_| EndpointError::of(&account.function))?,
            trace: Trace::default(),
            events: line(Service::Events)?,
            lambda: line(Service::Lambda)?,
            sqs: line(Service::Sqs)?,
            ssm: line(Service::Ssm)?,
            account,
        })))
    }

    /// On whose behalf.
    pub fn account(&self) -> &Account {
        &self.0.account
    }

    /// The invocation that calls belong to from now on, as X-Ray names it.
    pub fn trace(&self, id: Option<&str>) {
        let value = id.and_then(|id| HeaderValue::from_str(id).ok());
        *self.0.trace.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }

    /// The trace that is set now.
    pub(crate) fn traced(&self) -> Option<HeaderValue> {
        self.0.trace.get()
    }

    pub(crate) fn agent(&self) -> &HeaderValue {
        &self.0.agent
    }

    /// An operation of EventBridge.
    pub(crate) async fn events<T: DeserializeOwned>(
        &self,
        target: &'static str,
        body: String,
    ) -> Result<T, CallError> {
        self.json(&self.0.events, "application/x-amz-json-1.1", target, body).await
    }

    /// An operation of SQS.
    pub(crate) async fn sqs<T: DeserializeOwned>(
        &self,
        target: &'static str,
        body: String,
    ) -> Result<T, CallError> {
        self.json(&self.0.sqs, "application/x-amz-json-1.0", target, body).await
    }

    /// An operation of Systems Manager.
    pub(crate) async fn ssm<T: DeserializeOwned>(
        &self,
        target: &'static str,
        body: String,
    ) -> Result<T, CallError> {
        self.json(&self.0.ssm, "application/x-amz-json-1.1", target, body).await
    }

    /// Hands an event to a function without waiting for it (Lambda API reference, Invoke).
    pub(crate) async fn invoke_later(&self, function: &str, body: Bytes) -> Result<(), CallError> {
        let line = &self.0.lambda;
        let name =
            percent_encoding::utf8_percent_encode(function, percent_encoding::NON_ALPHANUMERIC);
        let path = format!("{}/2015-03-31/functions/{name}/invocations", line.endpoint.path());
        let kind = HeaderName::from_static("x-amz-invocation-type");
        let own = (kind, HeaderValue::from_static("Event"));
        self.call(line, &path, own, "application/json", body).await.map(drop)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        line: &Line,
        content_type: &'static str,
        target: &'static str,
        body: String,
    ) -> Result<T, CallError> {
        let own = (TARGET, HeaderValue::from_static(target));
        let path = format!("{}/", line.endpoint.path());
        let answer = self.call(line, &path, own, content_type, body.into()).await?;
        serde_json::from_slice(&answer.body).map_err(|_| CallError::Nonsense(line.service.name()))
    }

    async fn call(
        &self,
        line: &Line,
        path: &str,
        own: (HeaderName, HeaderValue),
        content_type: &'static str,
        body: Bytes,
    ) -> Result<Answer, CallError> {
        let sum = hash(&body);
        let host = line.endpoint.authority();
        let signable = Signable { method: "POST", path, host, own: Some(own), body: &sum };
        let headers = line.signer.headers(signable, Timestamp::now().as_second());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        // What `percent_encoding` has written is a path.
        *request.uri_mut() = path.parse().unwrap_or_default();
        *request.headers_mut() = headers;
        let more = request.headers_mut();
        more.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        more.insert(USER_AGENT, self.0.agent.clone());
        if let Some(trace) = self.traced() {
            more.insert(TRACE, trace);
        }
        let answer = line.endpoint.send(request, TIMEOUT).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(refused(line.service, &answer)) }
    }
}

/// The kind of a refusal stands in a header or in the body, with a namespace before it or an address behind it.
fn refused(service: Service, answer: &Answer) -> CallError {
    #[derive(serde::Deserialize)]
    struct Body {
        #[serde(rename = "__type", alias = "Type", default)]
        kind: String,
    }
    let header = answer.headers.get("x-amzn-errortype").and_then(|it| it.to_str().ok());
    let body = || serde_json::from_slice(&answer.body).map(|it: Body| it.kind).unwrap_or_default();
    let kind = header.map_or_else(body, str::to_owned);
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let kind = kind.split(':').next().unwrap_or_default().to_owned();
    let (service, status) = (service.name(), answer.status.as_u16());
    CallError::Refused { service, status, kind }
}
