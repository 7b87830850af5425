//! The SDK's side: an HTTP client that answers from the engine.

use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Region, RuntimeComponents, StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use crate::engine::{Answer, Engine};

/// What precedes the operation in `x-amz-target`. Source: the DynamoDB low-level API.
const TARGET_PREFIX: &str = "DynamoDB_20120810.";

/// An SDK client on an engine. No network, so no signatures; retries off, because the engine never throttles.
pub(crate) fn client(engine: Engine) -> Client {
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .endpoint_url("http://embedded.invalid")
        .allow_no_auth()
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(Connector { engine })
        .build();
    Client::from_conf(config)
}

#[derive(Clone)]
struct Connector {
    engine: Engine,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector(embedded)")
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
        let engine = self.engine.clone();
        HttpConnectorFuture::new(async move {
            let (operation, body) = read(&request)?;
            write(engine.call(operation, body).await)
        })
    }
}

fn read(request: &HttpRequest) -> Result<(String, Vec<u8>), ConnectorError> {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let Some(operation) = target.strip_prefix(TARGET_PREFIX) else {
        return Err(ConnectorError::user("the request names no DynamoDB operation".into()));
    };
    let Some(body) = request.body().bytes() else {
        return Err(ConnectorError::user("the embedded engine reads no streamed requests".into()));
    };
    Ok((operation.to_owned(), body.to_vec()))
}

fn write(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let status =
        StatusCode::try_from(answer.status).map_err(|e| ConnectorError::other(e.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    Ok(response)
}
