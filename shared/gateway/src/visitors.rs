//! Where requests come from, and how often an address may connect and fail to sign in.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use throttle::{Meters, Rate, Verdict};

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

/// Keeps addresses to their rates. Programs on the same machine are not limited: they are trusted, or a proxy
/// that was not named as one, and then all clients have its address. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Visitors {
    rates: AddressRates,
    meters: Arc<Mutex<Meters<(IpAddr, What)>>>,
}

impl Visitors {
    /// Nobody has visited yet.
    pub fn new(rates: AddressRates) -> Self {
        Self { rates, meters: Arc::new(Mutex::new(Meters::new(ADDRESSES))) }
    }

    /// Counts a WebSocket that is being opened. `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the address has opened too many, or has failed too often.
    pub fn connects(&self, from: Option<ClientIp>, now_ms: u64) -> Result<(), TooOften> {
        self.may_try(from, now_ms)?;
        self.count(from, What::Connect, self.rates.connects, now_ms)
    }

    /// Counts a wrong signature or token. `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When there were too many: end what the address has begun.
    pub fn failed(&self, from: Option<ClientIp>, now_ms: u64) -> Result<(), TooOften> {
        self.count(from, What::Fail, self.rates.failures, now_ms)
    }

    /// Whether the address may try to sign in.
    fn may_try(&self, from: Option<ClientIp>, now_ms: u64) -> Result<(), TooOften> {
        let Some((address, rate)) = limited(from).zip(self.rates.failures) else { return Ok(()) };
        if self.lock().wait_ms(&(address, What::Fail), rate, now_ms).is_ok() {
            return Ok(());
        }
        // Counting what is over takes nothing, and tells the audit log.
        self.count(from, What::Fail, Some(rate), now_ms)
    }

    fn count(
        &self,
        from: Option<ClientIp>,
        what: What,
        rate: Option<Rate>,
        now_ms: u64,
    ) -> Result<(), TooOften> {
        let Some((address, rate)) = limited(from).zip(rate) else { return Ok(()) };
        let verdict = self.lock().count((address, what), rate, now_ms);
        let Verdict::Over { retry_after_ms, tell, .. } = verdict else { return Ok(()) };
        if tell {
            let limit = match what {
                What::Connect => "connects",
                What::Fail => "auth_failures",
            };
            tracing::warn!(target: "audit", %address, limit, of = "address", "over a limit");
        }
        Err(TooOften { what, retry_after_ms })
    }

    fn lock(&self) -> MutexGuard<'_, Meters<(IpAddr, What)>> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address as it is counted, if it is.
fn limited(from: Option<ClientIp>) -> Option<IpAddr> {
    match from?.0.to_canonical() {
        ip if ip.is_loopback() => None,
        IpAddr::V6(ip) => Some(Ipv6Addr::from_bits(ip.to_bits() & PREFIX).into()),
        ip => Some(ip),
    }
}

/// Refuses who has failed too often, and counts who fails.
pub(crate) async fn apply(
    State(visitors): State<Visitors>,
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
        let _ = visitors.failed(from, clock::now_ms());
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
