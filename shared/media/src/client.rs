//! The HTTP client of a bucket, HTTP/1.1 only: `object_store`'s own one would bring HTTP/2 into every call outside.

use std::error::Error as _;
use std::io::ErrorKind;
use std::pin::Pin;
use std::time::Duration;

use http_body_util::BodyExt;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use object_store::{ClientConfigKey, ClientOptions, Error};
use reqwest::{Client, Request};

/// How long a connection and a call may take: as `object_store` has it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(30);

/// Makes the clients of a bucket: for the bucket, and for whoever gives out its credentials.
#[derive(Debug)]
pub(crate) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        // The client needs a provider of cryptography; the first one installed stays.
        outbound::install_crypto();
        let plain = options.get_config_value(&ClientConfigKey::AllowHttp);
        let client = Client::builder()
            .http1_only()
            .https_only(plain.as_deref() != Some("true"))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .user_agent(concat!("Pushbridge/", env!("CARGO_PKG_VERSION")));
        let client = client.build();
        let client = client.map_err(|e| Error::Generic { store: "S3", source: Box::new(e) })?;
        Ok(HttpClient::new(Calls(client)))
    }
}

#[derive(Debug)]
struct Calls(Client);

/// As `async_trait` writes it.
type Answered<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpService for Calls {
    fn call<'a, 'b>(&'a self, request: HttpRequest) -> Answered<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // What cannot be an address was never sent.
            let url = parts.uri.to_string().parse();
            let url =
                url.map_err(|e: url::ParseError| HttpError::new(HttpErrorKind::Unknown, e))?;
            let mut request = Request::new(parts.method, url);
            *request.headers_mut() = parts.headers;
            // A picture, which is in memory anyway.
            *request.body_mut() = Some(body.collect().await?.to_bytes().into());
            let response = self.0.execute(request).await.map_err(error)?;
            let (parts, body) = http::Response::<reqwest::Body>::from(response).into_parts();
            Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body.map_err(error))))
        })
    }
}

/// What `object_store` must know of an error to repeat a call, as it reads it from `reqwest` itself.
fn error(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_decode() {
        HttpErrorKind::Decode
    } else {
        of_cause(&error)
    };
    // The address may be signed.
    HttpError::new(kind, error.without_url())
}

fn of_cause(error: &reqwest::Error) -> HttpErrorKind {
    let mut cause = error.source();
    while let Some(it) = cause {
        if let Some(it) = it.downcast_ref::<hyper::Error>()
            && (it.is_closed() || it.is_incomplete_message() || it.is_body_write_aborted())
        {
            return HttpErrorKind::Request;
        }
        if let Some(it) = it.downcast_ref::<std::io::Error>() {
            match it.kind() {
                ErrorKind::TimedOut => return HttpErrorKind::Timeout,
                ErrorKind::ConnectionAborted
                | ErrorKind::ConnectionReset
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof => return HttpErrorKind::Interrupted,
                _ => {}
            }
        }
        cause = it.source();
    }
    HttpErrorKind::Unknown
}
