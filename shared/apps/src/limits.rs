//! The limits of an app.

use std::num::NonZeroU32;

use channels::Limits;
use channels::usage::Rates;
use protocol::limits::{CLIENT_MESSAGE_BYTES, ROSTER_BYTES_LEAST, WATCHLIST_MOST};
use throttle::Rate;
use webhooks::Malformed;

use crate::{LimitsSpec, RatesSpec};

/// Fills in what is left out.
pub(crate) fn check(spec: &LimitsSpec) -> Result<Limits, Malformed> {
    let base = Limits::default();
    let limits = Limits {
        connections: spec.connections,
        event_data_bytes: spec.event_data_bytes.unwrap_or(base.event_data_bytes),
        presence_members: spec.presence_members.unwrap_or(base.presence_members),
        user_info_bytes: spec.user_info_bytes.unwrap_or(base.user_info_bytes),
        client_events_per_second: spec
            .client_events_per_second
            .unwrap_or(base.client_events_per_second),
        watchlist: spec.watchlist.unwrap_or(base.watchlist),
        roster_bytes: spec.roster_bytes.unwrap_or(base.roster_bytes),
        connections_per_user: match spec.connections_per_user {
            None => base.connections_per_user,
            Some(most) => (most > 0).then_some(most),
        },
        per_user: rates(&spec.per_user, base.per_user),
        per_app: Rates {
            requests: rate(spec.requests_per_second, base.per_app.requests),
            ..rates(&spec.per_app, base.per_app)
        },
    };
    if limits.event_data_bytes == 0 || limits.event_data_bytes > CLIENT_MESSAGE_BYTES {
        let why = format!(
            "{} is not between 1 and {CLIENT_MESSAGE_BYTES} bytes",
            limits.event_data_bytes
        );
        return Err(Malformed::new("limits.event_data_bytes", why, "10240"));
    }
    if !(ROSTER_BYTES_LEAST..=CLIENT_MESSAGE_BYTES).contains(&limits.roster_bytes) {
        let bytes = limits.roster_bytes;
        let why =
            format!("{bytes} is not between {ROSTER_BYTES_LEAST} and {CLIENT_MESSAGE_BYTES} bytes");
        return Err(Malformed::new("limits.roster_bytes", why, "102400"));
    }
    if limits.watchlist > WATCHLIST_MOST {
        let why = format!("{} is more than {WATCHLIST_MOST} users", limits.watchlist);
        return Err(Malformed::new("limits.watchlist", why, "100"));
    }
    Ok(limits)
}

fn rates(spec: &RatesSpec, base: Rates) -> Rates {
    Rates {
        commands: rate(spec.commands_per_second, base.commands),
        subscribes: rate(spec.subscribes_per_second, base.subscribes),
        client_events: rate(spec.client_events_per_second, base.client_events),
        ..base
    }
}

/// So many per second; 0 is no limit.
fn rate(count: Option<u32>, base: Option<Rate>) -> Option<Rate> {
    count.map_or(base, |count| NonZeroU32::new(count).map(Rate::per_second))
}
