//! DynamoDB by the SDK, whose requests go out on the same small client as all others: one TLS stack in the process,
//! and none of the SDK's own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    AppName, BehaviorVersion, Builder, Credentials, Region, RuntimeComponents,
    StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::Full;

use crate::account::Service;
use crate::endpoint::Answer;
use crate::{Account, Endpoint, EndpointError, Trouble};

/// How long one attempt may take. Ours: DynamoDB answers in milliseconds, and pusher-js gives up after 2 s.
const ATTEMPT: Duration = Duration::from_millis(1_000);
/// How long an operation may take with all its attempts.
const OPERATION: Duration = Duration::from_millis(4_000);
/// Attempts of an operation that is throttled or finds no answer. Every write of this product may be repeated.
const ATTEMPTS: u32 = 4;

/// A client of the account's region, or of the endpoint that its environment names.
///
/// # Errors
/// When the address of the endpoint is none.
pub fn dynamodb(account: &Account) -> Result<Client, EndpointError> {
    let url = account.endpoint(Service::Dynamodb);
    let endpoint = Arc::new(Endpoint::parse(&url)?);
    let token = account.token.as_ref().and_then(|it| it.to_str().ok()).map(str::to_owned);
    let secret = String::from_utf8_lossy(account.secret.expose());
    let credentials = Credentials::new(&account.key_id, secret, token, None, "environment");
    let times = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(25));
    let name =
        AppName::new(account.function.clone()).map_err(|_| EndpointError::of(&account.function))?;
    let config = Builder::new()
        // Pinned: what a newer version does differently is looked at before it is used.
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(account.region.clone()))
        .endpoint_url(url)
        .credentials_provider(credentials)
        .app_name(name)
        .retry_config(retries)
        .timeout_config(times)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(Connector { endpoint })
        .build();
    Ok(Client::from_conf(config))
}

#[derive(Clone)]
struct Connector {
    endpoint: Arc<Endpoint>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector(DynamoDB)")
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let endpoint = Arc::clone(&self.endpoint);
        HttpConnectorFuture::new(async move {
            let request = read(&request)?;
            // The SDK's own time-out of an attempt comes first.
            write(endpoint.send(request, OPERATION).await.map_err(trouble)?)
        })
    }
}

fn read(request: &HttpRequest) -> Result<Request<Full<Bytes>>, ConnectorError> {
    let user = |what: &'static str| ConnectorError::user(what.into());
    let body = request.body().bytes().ok_or_else(|| user("DynamoDB takes no streams"))?;
    let mut sent = Request::new(Full::new(Bytes::copy_from_slice(body)));
    *sent.method_mut() = request.method().parse().map_err(|_| user("the request has no method"))?;
    let uri: Uri = request.uri().parse().map_err(|_| user("the request has no address"))?;
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    *sent.uri_mut() = path.parse().map_err(|_| user("the request has no path"))?;
    for (name, value) in request.headers() {
        let name = HeaderName::try_from(name).map_err(|_| user("a header has no name"))?;
        let value = HeaderValue::try_from(value).map_err(|_| user("a header is no text"))?;
        sent.headers_mut().append(name, value);
    }
    Ok(sent)
}

fn write(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(answer.status.as_u16());
    let status = status.map_err(|e| ConnectorError::other(e.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    for (name, value) in &answer.headers {
        if let Ok(value) = value.to_str() {
            response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(response)
}

fn trouble(trouble: Trouble) -> ConnectorError {
    match trouble {
        Trouble::Late => ConnectorError::timeout(trouble.into()),
        Trouble::Connect(_) | Trouble::Broken(_) => ConnectorError::io(trouble.into()),
        Trouble::TooLarge => ConnectorError::other(trouble.into(), None),
    }
}
