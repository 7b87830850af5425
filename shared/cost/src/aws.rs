//! The bill of Pushbridge on AWS, line by line.

use serde::Serialize;

use crate::prices as price;
use crate::units::{MEMORY_GB, SLICE};
use crate::workload::{ACTIVITY_TIMEOUT_S, LONG_ACTIVITY_TIMEOUT_S};
use crate::{Units, Workload};

/// Who answers a client's pings, and how often it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pong {
    /// The function `message`.
    Function,
    /// API Gateway by itself: the template's `LambdaFreePing`.
    Gateway,
    /// API Gateway, and the application sets `activityTimeout` to 540 s.
    GatewayRarely,
}

/// Dollars a month for each part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bill {
    /// WebSocket messages, pings and pongs included.
    pub messages: f64,
    /// Minutes of connections.
    pub connection_minutes: f64,
    /// Functions: invocations and time.
    pub functions: f64,
    /// The table of who is connected.
    pub dynamodb: f64,
    /// Requests of the application's servers.
    pub http_api: f64,
    /// Bytes to clients.
    pub egress: f64,
}

impl Bill {
    /// All parts.
    pub fn total(&self) -> f64 {
        let Self { messages, connection_minutes, functions, dynamodb, http_api, egress } = self;
        messages + connection_minutes + functions + dynamodb + http_api + egress
    }
}

/// What a workload costs a month on AWS, without what stands there anyway ([`standing`]).
pub fn bill(load: &Workload, units: &Units, pong: Pong) -> Bill {
    let pings = match pong {
        Pong::Function | Pong::Gateway => load.pings(ACTIVITY_TIMEOUT_S),
        Pong::GatewayRarely => load.pings(LONG_ACTIVITY_TIMEOUT_S),
    };
    let answered = if pong == Pong::Function { pings } else { 0.0 };
    Bill {
        messages: messages(load, pings),
        connection_minutes: load.connection_minutes() * price::WS_MINUTE,
        functions: functions(load, units, answered),
        dynamodb: dynamodb(load, units),
        http_api: load.publishes() * price::HTTP_REQUEST,
        egress: egress(load),
    }
}

/// Dollars a month to send what a workload sends to the internet.
pub(crate) fn egress(load: &Workload) -> f64 {
    let gigabytes = load.deliveries() * load.bytes / 1e9;
    (gigabytes - price::EGRESS_FREE_GB).max(0.0) * price::EGRESS_GB
}

/// Messages besides events and pings: the hello, and for each channel the subscription and its answer.
pub(crate) fn handshakes(load: &Workload) -> f64 {
    load.connects() * (1.0 + 2.0 * load.channels)
}

fn messages(load: &Workload, pings: f64) -> f64 {
    let metered = load.deliveries() * (load.bytes / price::WS_METERED_BYTES).ceil().max(1.0);
    let all = 2.0 * pings + metered + handshakes(load);
    let first = all.min(price::WS_FIRST_TIER);
    first * price::WS_MESSAGE + (all - first) * price::WS_MESSAGE_BEYOND
}

fn functions(load: &Workload, units: &Units, pings: f64) -> f64 {
    let steps = load.connects() * (2.0 + load.channels);
    let slices = if load.receivers > SLICE { (load.receivers / SLICE).ceil() } else { 0.0 };
    let calls = steps + pings + load.publishes() * (1.0 + slices);
    let publish_ms =
        units.publish_ms + slices * units.slice_ms + load.receivers * units.delivery_ms;
    let ms = steps * units.step_ms + pings * units.pong_ms + load.publishes() * publish_ms;
    calls * price::LAMBDA_REQUEST + ms / 1_000.0 * MEMORY_GB * price::LAMBDA_GB_SECOND
}

fn dynamodb(load: &Workload, units: &Units) -> f64 {
    let per_connect = |connection: f64, channel: f64| connection + load.channels * channel;
    let writes = load.connects() * per_connect(units.connection_writes, units.channel_writes);
    let reads = load.connects() * per_connect(units.connection_reads, units.channel_reads)
        + load.publishes() * (load.receivers * units.reads_per_receiver).max(1.0);
    writes * price::DYNAMODB_WRITE + reads * price::DYNAMODB_READ
}

/// Minutes of a month, which is how often the schedule calls `publish`.
const TICKS: f64 = 30.0 * 24.0 * 60.0;
/// What a tick that finds nothing takes, in milliseconds, and reads: 16 shards of the due indexes of posts and of webhooks.
const TICK: (f64, f64) = (50.0, 32.0);
/// Lambda asks an idle queue by five pollers, each every 20 s. Source: Lambda's guide to SQS, "scaling and processing".
const POLLS: f64 = TICKS * 3.0 * 5.0;

/// What a stack costs a month that nobody uses, by part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Standing {
    /// The schedule: it asks every minute what is due.
    pub schedule: f64,
    /// Lambda asking the queue.
    pub queue: f64,
    /// Alarms, if they are on.
    pub alarms: f64,
    /// The dashboard, if it is on and not among an account's first three.
    pub dashboard: f64,
}

/// What a stack costs a month that nobody uses.
pub fn standing(alarm_metrics: u32) -> Standing {
    let (ms, reads) = TICK;
    let tick = price::LAMBDA_REQUEST
        + ms / 1_000.0 * MEMORY_GB * price::LAMBDA_GB_SECOND
        + reads * price::DYNAMODB_READ;
    Standing {
        schedule: TICKS * tick,
        queue: POLLS * price::SQS_REQUEST,
        alarms: f64::from(alarm_metrics) * price::ALARM_METRIC,
        dashboard: price::DASHBOARD,
    }
}

impl Standing {
    /// All parts.
    pub fn total(&self) -> f64 {
        let Self { schedule, queue, alarms, dashboard } = self;
        schedule + queue + alarms + dashboard
    }
}
