//! What an address and a user may do, and which proxies stand in front.

use std::num::NonZeroU32;

use gateway::AddressRates;
use throttle::Rate;

use crate::ConfigError;
use crate::file::FileServer;
use crate::proxies::Proxies;

/// WebSockets that one address may open in a minute. Ours: a company behind one address comes back at once
/// after a restart, and pusher-js tries every second.
const CONNECTS_PER_MINUTE: u32 = 6_000;
/// Wrong signatures and tokens of one address in a minute. Ours: too few to guess anything, enough for
/// a company's pages whose tokens have run out.
const AUTH_FAILURES_PER_MINUTE: u32 = 600;
/// Requests of one user to `/api/…` in a second. Ours: no page asks that often.
const USER_REQUESTS_PER_SECOND: u32 = 100;

/// Who may come how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitorsConfig {
    /// Rates of one address.
    pub address: AddressRates,
    /// Requests of one user to `/api/…`.
    pub user_requests: Option<Rate>,
    /// The proxies whose `X-Forwarded-For` counts.
    pub proxies: Proxies,
}

/// Reads `[server]`; 0 is no limit.
pub(crate) fn read(file: &FileServer) -> Result<VisitorsConfig, ConfigError> {
    let rate = |count: Option<u32>, usual, rate: fn(NonZeroU32) -> Rate| {
        NonZeroU32::new(count.unwrap_or(usual)).map(rate)
    };
    let proxies = Proxies::parse(file.trusted_proxies.iter().map(String::as_str));
    let proxies = proxies.map_err(|text| {
        let why = format!("{text:?} is no address and no network");
        ConfigError::malformed("server.trusted_proxies", why, "[\"10.0.0.0/8\"]")
    })?;
    Ok(VisitorsConfig {
        address: AddressRates {
            connects: rate(
                file.connects_per_minute_per_address,
                CONNECTS_PER_MINUTE,
                Rate::per_minute,
            ),
            failures: rate(
                file.auth_failures_per_minute_per_address,
                AUTH_FAILURES_PER_MINUTE,
                Rate::per_minute,
            ),
        },
        user_requests: rate(
            file.api_requests_per_second_per_user,
            USER_REQUESTS_PER_SECOND,
            Rate::per_second,
        ),
        proxies,
    })
}
