//! The one HTTP client for calls outside, and what their troubles mean.
//!
//! A caller must know whether a request went out, so this client never repeats one, never follows a redirect, keeps
//! no connection (a dead one would turn "not sent" into "unknown") and reads the status before the body.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, Response, redirect, retry};
use url::Url;

use crate::guard::{self, Addresses, Refusal};

/// Largest answer that is read unless set otherwise, in bytes. Ours: twenty posts of an account, as a read-back asks for, need less.
const BODY_BYTES: usize = 1024 * 1024;
/// Longest pause that an answer may ask for, in seconds: the longest that a post may be late.
const RETRY_AFTER_S: u64 = 24 * 3600;

/// How calls are made.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long a connection may take. Must be below `timeout`, or a host that does not answer looks like one that got
    /// the request.
    pub connect_timeout: Duration,
    /// How long a call may take, to the last byte of the answer.
    pub timeout: Duration,
    /// Which addresses are open.
    pub addresses: Addresses,
    /// Largest answer that is read, in bytes. What is longer is cut off at the first byte too many.
    pub body_bytes: usize,
}

impl Settings {
    /// The usual limits: 3 s to connect, 15 s in all (Standard Webhooks advises 15 to 30 s), 1 MiB.
    pub fn new(addresses: Addresses) -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(15),
            addresses,
            body_bytes: BODY_BYTES,
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error(
    "The HTTPS client cannot be set up; check that the system's CA certificates are installed."
)]
pub struct HttpError(#[from] reqwest::Error);

/// The client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    addresses: Addresses,
    body_bytes: usize,
}

/// A call. It has no `Debug`: addresses, headers and bodies of calls hold secrets.
pub struct Call<'a> {
    /// Its method.
    pub method: Method,
    /// Its address, not checked yet.
    pub url: &'a str,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
    /// The time in seconds since 1970 UTC, to read a `Retry-After` date.
    pub now_s: u64,
}

/// What a call came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer came.
    Answered {
        /// Its status.
        status: u16,
        /// The pause it asked for, in seconds.
        retry_after_s: Option<u64>,
        /// Its headers.
        headers: HeaderMap,
        /// What it said.
        body: Body,
    },
    /// The address is not open; nothing was sent.
    Closed(Refusal),
    /// Nothing was sent.
    NotSent(&'static str),
    /// The request may have arrived.
    Unknown(&'static str),
}

/// The body of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// Longer than is read.
    TooLong,
    /// It broke off.
    Broken,
}

/// Has TLS use `ring` in this process. The first provider installed stays; another part of the program may have been
/// first, with the same.
pub fn install_crypto() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

impl Http {
    /// Sets the client up. Proxies named in the environment are not used: they would undo the check of addresses.
    ///
    /// # Errors
    /// When the system has no CA certificates.
    pub fn new(settings: Settings) -> Result<Self, HttpError> {
        install_crypto();
        let client = reqwest::Client::builder()
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .pool_max_idle_per_host(0)
            // What a broken connection means was measured for HTTP/1.1 only.
            .http1_only()
            .no_proxy()
            .referer(false)
            .user_agent(concat!("Pushbridge/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Pinned(settings.addresses)))
            .build()?;
        let Settings { addresses, body_bytes, .. } = settings;
        Ok(Self { client, addresses, body_bytes })
    }

    /// Which addresses are open.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Posts `body` to an address that is checked here. `now_s` is the time, to read a `Retry-After` date.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: String, now_s: u64) -> Reply {
        self.call(Call { method: Method::POST, url, headers, body: body.into(), now_s }).await
    }

    /// Makes a call to an address that is checked here.
    pub async fn call(&self, call: Call<'_>) -> Reply {
        let url: Url = match guard::check_url(call.url, self.addresses) {
            Ok(url) => url,
            Err(refusal) => return Reply::Closed(refusal),
        };
        let request = self.client.request(call.method, url).headers(call.headers).body(call.body);
        match request.send().await {
            Ok(response) => answered(response, call.now_s, self.body_bytes).await,
            Err(error) => failed(&error),
        }
    }
}

async fn answered(response: Response, now_s: u64, most: usize) -> Reply {
    let status = response.status().as_u16();
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after_s = header.and_then(|text| retry_after(text, now_s));
    let headers = response.headers().clone();
    Reply::Answered { status, retry_after_s, headers, body: read(response, most).await }
}

async fn read(mut response: Response, most: usize) -> Body {
    // A length that is told spares the bytes.
    if response.content_length().is_some_and(|told| told > most as u64) {
        return Body::TooLong;
    }
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > most => return Body::TooLong,
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Body::Whole(bytes),
            Err(_) => return Body::Broken,
        }
    }
}

/// Seconds to wait: `Retry-After` is a number of seconds or a date (RFC 9110, section 10.2.3).
fn retry_after(text: &str, now_s: u64) -> Option<u64> {
    let text = text.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second();
            u64::try_from(date).ok()?.saturating_sub(now_s)
        }
    };
    Some(seconds.min(RETRY_AFTER_S))
}

/// Only a failed connection is sure to have sent nothing (measured with reqwest 0.13: `is_request` is always true).
fn failed(error: &reqwest::Error) -> Reply {
    if let Some(refusal) = refusal_in(error) {
        Reply::Closed(refusal)
    } else if error.is_connect() {
        Reply::NotSent("The address could not be reached.")
    } else if error.is_builder() {
        Reply::NotSent("The request could not be written.")
    } else if error.is_timeout() {
        Reply::Unknown("No answer came in time.")
    } else {
        Reply::Unknown("The connection broke before an answer came.")
    }
}

fn refusal_in(error: &reqwest::Error) -> Option<Refusal> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return Some(*refusal);
        }
        source = error.source();
    }
    None
}

/// Resolves a name once, and hands on only the numbers that were checked: the connection goes to one of these, so a
/// name that changes in between leads nowhere else.
struct Pinned(Addresses);

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let open = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let checked = found.iter().map(|address| guard::check_ip(address.ip(), open));
            let refusal = checked.filter_map(Result::err).next();
            let good: Vec<_> = found
                .into_iter()
                .filter(|address| guard::check_ip(address.ip(), open).is_ok())
                .collect();
            match refusal {
                Some(refusal) if good.is_empty() => Err(refusal.into()),
                _ => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now_s = 1_445_412_470; // 2015-10-21 07:27:50
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("99999999999", Some(RETRY_AFTER_S)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(10)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", Some(0)),
            ("Fri, 21 Oct 2112 07:28:00 GMT", Some(RETRY_AFTER_S)),
            ("soon", None),
            ("-5", None),
            ("1.5", None),
            ("", None),
        ] {
            assert_eq!(retry_after(text, now_s), seconds, "{text:?}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_at_its_resolution() {
        let http = Http::new(Settings::new(Addresses::Public)).unwrap();
        let reply = http.post("https://localhost/", HeaderMap::new(), String::new(), 0).await;
        assert_eq!(reply, Reply::Closed(Refusal::Range("the server itself")));
    }
}
