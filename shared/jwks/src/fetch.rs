//! One request for a JWKS document, with a limit on everything.

use std::time::Duration;

use identity::{JwksError, Keys};
use reqwest::{Client, Url, redirect};
use thiserror::Error;

/// Largest document that is read. Ours: providers publish 1 to 10 KB.
const DOCUMENT_BYTES: usize = 256 * 1024;
/// How long connecting may take. Ours.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long everything may take. Ours: a user waits meanwhile.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why a URL cannot be used for keys.
#[derive(Debug, Error)]
pub enum UrlError {
    /// Not a URL.
    #[error("the JWKS URL is malformed: write it like https://example.com/.well-known/jwks.json")]
    Malformed,
    /// Keys that travel unprotected can be replaced on the way.
    #[error("the JWKS URL must begin with https:// (http:// only for this machine itself)")]
    Unprotected,
    /// The HTTP client could not be made.
    #[error("no HTTPS client for the JWKS URL: check the certificates of this machine")]
    Client(#[source] reqwest::Error),
}

/// Why a document could not be had. For the log only.
#[derive(Debug, Error)]
pub(crate) enum FetchError {
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    #[error("the answer was HTTP {0}")]
    Status(u16),
    #[error("the document is larger than {DOCUMENT_BYTES} bytes")]
    TooLarge,
    #[error("the document was refused")]
    Document(#[from] JwksError),
}

/// Where keys come from.
#[derive(Debug)]
pub(crate) struct Source {
    url: Url,
    client: Client,
}

impl Source {
    pub(crate) fn new(url: &str) -> Result<Self, UrlError> {
        let url = Url::parse(url).map_err(|_| UrlError::Malformed)?;
        match (url.scheme(), url.host_str()) {
            ("https", Some(_)) => {}
            ("http", Some("localhost" | "127.0.0.1" | "[::1]")) => {}
            ("http", Some(_)) => return Err(UrlError::Unprotected),
            _ => return Err(UrlError::Malformed),
        }
        // The client needs a provider of cryptography; whoever installed one before us wins.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(UrlError::Client)?;
        Ok(Self { url, client })
    }

    /// Asks once.
    pub(crate) async fn fetch(&self) -> Result<Keys, FetchError> {
        // The URL may hold a tenant's name or a key; it stays out of the log.
        let failed = |error: reqwest::Error| FetchError::Request(error.without_url());
        let request = self.client.get(self.url.clone()).header("accept", "application/json");
        let mut answer = request.send().await.map_err(failed)?;
        if !answer.status().is_success() {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let mut document = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if document.len() + chunk.len() > DOCUMENT_BYTES {
                return Err(FetchError::TooLarge);
            }
            document.extend_from_slice(&chunk);
        }
        Ok(Keys::jwks(&document)?)
    }
}
