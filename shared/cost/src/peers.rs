//! What else could carry a workload, and for how much.

use serde::Serialize;

use crate::aws::{egress, handshakes};
use crate::{Workload, prices as price};

/// Clients and deliveries a second that a small machine takes. Ours, with much to spare: docs/benchmarks.md has
/// 5,000 clients and 15 µs per delivery on one core.
const SMALL_VM: (f64, f64) = (5_000.0, 1_000.0);
/// The same of a large one.
const LARGE_VM: (f64, f64) = (100_000.0, 50_000.0);
/// Hours of a month; a machine runs at night too.
const HOURS: f64 = 720.0;

/// A way to carry the workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Peer {
    /// What it is.
    pub name: &'static str,
    /// Dollars a month; none if it has no price for this much.
    pub dollars: Option<f64>,
    /// What to know about it.
    pub note: String,
}

/// Pusher, AppSync Events and a machine with the single binary.
pub fn peers(load: &Workload) -> Vec<Peer> {
    vec![pusher(load), appsync(load), vm(load)]
}

fn pusher(load: &Workload) -> Peer {
    let per_day = (load.deliveries() + load.publishes()) / load.days.max(1.0);
    let fits = |plan: &&price::PusherPlan| {
        load.connections <= plan.connections && per_day <= plan.messages_per_day
    };
    let (dollars, note) = match price::PUSHER_PLANS.iter().find(fits) {
        Some(plan) => (Some(plan.dollars), format!("plan {}", plan.name)),
        None => (None, "beyond the plans: ask for a quote".to_owned()),
    };
    Peer { name: "Pusher Channels", dollars, note }
}

fn appsync(load: &Workload) -> Peer {
    let metered = (load.bytes / price::APPSYNC_METERED_BYTES).ceil().max(1.0);
    let operations = (load.deliveries() + load.publishes()) * metered + handshakes(load);
    let minutes = load.connection_minutes() * price::APPSYNC_MINUTE;
    Peer {
        name: "AppSync Events",
        dollars: Some(operations * price::APPSYNC_OPERATION + minutes),
        note: "another protocol, no presence; data out not counted".to_owned(),
    }
}

fn vm(load: &Workload) -> Peer {
    let rate = load.publishes_per_s * load.receivers;
    let (connections, deliveries) = SMALL_VM;
    let (machines, hour, kind) = if load.connections <= connections && rate <= deliveries {
        (1.0, price::SMALL_VM_HOUR, "t4g.small")
    } else {
        let (connections, deliveries) = LARGE_VM;
        let machines = (load.connections / connections).max(rate / deliveries).ceil();
        (machines, price::LARGE_VM_HOUR, "c7g.xlarge")
    };
    Peer {
        name: "A VM with `pushbridge`",
        dollars: Some(machines * hour * HOURS + egress(load)),
        note: format!("{machines} {kind}, to be looked after"),
    }
}
