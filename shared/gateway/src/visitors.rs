//! Where requests come from, and how often an address may connect and fail to sign in.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use identity::Facts;
use service::{Named, Outbox, Service, Tally};
use store::Store;
use throttle::{Count, Rate, Verdict};

use crate::clock;
use crate::plain::Plain;
use crate::problem::Problem;

/// Most addresses that are remembered. Ours: about 10 MB.
const ADDRESSES: usize = 100_000;
/// The part of an IPv6 address that one subscriber has (RFC 6177): the rest is theirs to choose.
const PREFIX: u128 = !0 << 64;

/// The address that a request comes from, as the host knows it. The host puts it into the request's
/// extensions; without it no address is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

/// How often one address may do what; what is not set is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AddressRates {
    /// WebSockets opened.
    pub connects: Option<Rate>,
    /// Signatures and tokens that were wrong.
    pub failures: Option<Rate>,
}

/// An address does something too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooOften {
    what: What,
    retry_after_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Connect,
    Fail,
}

impl What {
    /// Its name in the audit log.
    fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connects",
            Self::Fail => "auth_failures",
        }
    }
}

/// What an address does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Does {
    address: IpAddr,
    what: What,
}

impl Named for Does {
    fn name(&self) -> String {
        format!("ip/{}/{}", self.what.as_str(), self.address)
    }
}

impl std::fmt::Display for TooOften {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.retry_after_ms.div_ceil(1_000);
        match self.what {
            What::Connect => write!(f, "Too many connections from your address")?,
            What::Fail => write!(f, "Too many wrong signatures and tokens from your address")?,
        }
        write!(f, ": come back in {seconds} s")
    }
}

/// Keeps addresses to their rates, together with other processes on the service's store. Programs on the same machine are not
/// limited: they are trusted, or a proxy that was not named as one, and then all clients have its address. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Visitors {
    rates: AddressRates,
    tally: Arc<Tally<Does>>,
}

impl Visitors {
    /// Nobody has visited yet.
    pub fn new(rates: AddressRates) -> Self {
        Self { rates, tally: Arc::new(Tally::new(ADDRESSES)) }
    }

    /// Counts a WebSocket that is being opened. `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the address has opened too many, or has failed too often.
    pub async fn connects<S: Store, O: Outbox, F: Facts + 'static>(
        &self,
        service: &Service<S, O, F>,
        from: Option<ClientIp>,
        now_ms: u64,
    ) -> Result<(), TooOften> {
        self.may_try(from, now_ms)?;
        let Some((address, rate)) = limited(from).zip(self.rates.connects) else { return Ok(()) };
        let does = Does { address, what: What::Connect };
        let by = (rate, Count::WhatFits);
        judge(does, service.tally(&self.tally, does, by, now_ms).await)
    }

    /// Counts a wrong signature or token. `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When there were too many: end what the address has begun.
    pub async fn failed<S: Store, O: Outbox, F: Facts + 'static>(
        &self,
        service: &Service<S, O, F>,
        from: Option<ClientIp>,
        now_ms: u64,
    ) -> Result<(), TooOften> {
        let Some((address, rate)) = limited(from).zip(self.rates.failures) else { return Ok(()) };
        let does = Does { address, what: What::Fail };
        // It has happened, and others are to know of it even if it is too much.
        judge(does, service.tally(&self.tally, does, (rate, Count::All), now_ms).await)
    }

    /// Whether the address may try to sign in, as far as this process knows.
    fn may_try(&self, from: Option<ClientIp>, now_ms: u64) -> Result<(), TooOften> {
        let Some((address, rate)) = limited(from).zip(self.rates.failures) else { return Ok(()) };
        let does = Does { address, what: What::Fail };
        let Err(wait_ms) = self.tally.wait_ms(&does, rate, now_ms) else { return Ok(()) };
        judge(does, self.tally.overrule(does, (rate, Count::All), wait_ms, now_ms))
    }
}

/// Makes a refusal of a verdict, and the audit log's entry of both.
fn judge(does: Does, verdict: Verdict) -> Result<(), TooOften> {
    let Verdict::Over { retry_after_ms, tell, .. } = verdict else { return Ok(()) };
    let Does { address, what } = does;
    if tell {
        let limit = what.as_str();
        tracing::warn!(target: "audit", %address, limit, of = "address", "over a limit");
    }
    Err(TooOften { what, retry_after_ms })
}

/// The address as it is counted, if it is.
fn limited(from: Option<ClientIp>) -> Option<IpAddr> {
    match from?.0.to_canonical() {
        ip if ip.is_loopback() => None,
        IpAddr::V6(ip) => Some(Ipv6Addr::from_bits(ip.to_bits() & PREFIX).into()),
        ip => Some(ip),
    }
}

/// Visitors of a service.
pub(crate) struct Watch<S, O, F> {
    pub(crate) visitors: Visitors,
    pub(crate) service: Arc<Service<S, O, F>>,
}

impl<S, O, F> Clone for Watch<S, O, F> {
    fn clone(&self) -> Self {
        Self { visitors: self.visitors.clone(), service: self.service.clone() }
    }
}

/// Refuses who has failed too often, and counts who fails.
pub(crate) async fn apply<S: Store, O: Outbox, F: Facts + 'static>(
    State(Watch { visitors, service }): State<Watch<S, O, F>>,
    request: Request,
    next: Next,
) -> Response {
    let from = request.extensions().get::<ClientIp>().copied();
    if !shows_credentials(request.headers(), request.uri()) {
        return next.run(request).await;
    }
    if let Err(often) = visitors.may_try(from, clock::now_ms()) {
        return refuse(request.uri(), often);
    }
    let response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        // This one was answered; the next one is refused.
        let _ = visitors.failed(&service, from, clock::now_ms()).await;
    }
    response
}

/// A request without credentials only asks whether it needs some.
fn shows_credentials(headers: &HeaderMap, uri: &Uri) -> bool {
    headers.contains_key(header::AUTHORIZATION)
        || headers.contains_key(header::COOKIE)
        || uri.query().is_some_and(|query| query.contains("auth_signature="))
}

/// Pusher's SDKs know 403 and not 429.
fn refuse(uri: &Uri, often: TooOften) -> Response {
    if Problem::is_for(uri) {
        Problem::too_many(often.to_string(), often.retry_after_ms).into_response()
    } else {
        Plain::forbidden(often.to_string()).into_response()
    }
}
